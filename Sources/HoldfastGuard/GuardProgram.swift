import HoldfastCore
import HoldfastGuardCore
import HoldfastLinux

/// `holdfast-guard`, from its command line to its exit status.
package enum GuardProgram {
    /// Runs the guard until it is told to end.
    ///
    /// - Parameter arguments: As the process got them, its own name first.
    /// - Returns: The exit status.
    package static func run(_ arguments: [String]) -> Int32 {
        if arguments.first == ContainmentTrial.probeName {
            ThisProcess.linger(seconds: ContainmentTrial.probeSeconds)
            return 0
        }
        do {
            switch try GuardOptions.parse(Array(arguments.dropFirst())) {
            case .help: ThisProcess.writeOutput(GuardOptions.help)
            case .serve(let options): try Self.serve(options, arguments)
            case .resume(let state): try GuardResumption.run(state, arguments)
            }
            return ExitStatusCode.success.rawValue
        } catch {
            ThisProcess.writeError("holdfast-guard: \(error.description)\n")
            return error.exitStatus.rawValue
        }
    }

    private static func serve(
        _ options: GuardOptions, _ arguments: [String]
    ) throws(GuardFailure) {
        ThisProcess.reserveStreams()
        if options.exitsWithParent { ThisProcess.endWithParent() }
        let listener = try Self.listen(options.socketPath)
        let loop: GuardLoop
        do {
            let openFiles = try ThisProcess.raiseOpenFiles()
            let launcher = try ChildLauncher(openFiles: openFiles)
            Self.takePrivileges()
            try ControlGroupTree.emptyEarlier(listener.note)
            let tree = try ContainmentTrial.choose(
                options.containment, name: options.name, launcher)
            // Before anything is launched, so that whoever follows us finds it.
            listener.note = (tree as? ControlGroupTree)?.place ?? ""
            // What starting needed is not kept in memory; the deadline path, run once more, is.
            ThisProcess.dropCode()
            do { try ThisProcess.lockMemory() } catch { Self.lack("locked memory", error) }
            let measured = try ContainmentTrial(tree, launcher).run()
            let signals = try SignalInbox(watchesChildren: tree.containment == .subreaper)
            let settings = GuardMachine.Settings(
                incarnation: ThisProcess.randomBits(), containment: tree.containment,
                allowedUsers: options.allowedUsers)
            loop = try GuardLoop(
                GuardMachine(settings), tree: tree, launcher: launcher, listener: listener,
                signals: signals,
                setup: GuardSetup(
                    options: options, parentID: ThisProcess.parentID, openFiles: openFiles,
                    measured: measured, program: ProgramReplacement.ownPath,
                    arguments: arguments))
            Self.announce(options, tree.containment, measured)
        } catch let failure as SystemCallFailure {
            throw .system("cannot prepare for children", failure)
        } catch let failure as GuardFailure {
            throw failure
        } catch {
            throw GuardFailure("cannot start", why: "\(error)", next: "report this", .software)
        }
        loop.run()
        Notice.write("ended")
    }

    private static func listen(_ path: String) throws(GuardFailure) -> PacketListener {
        do {
            return try PacketListener(path: path)
        } catch {
            let what = "cannot listen on \(path)"
            switch error {
            case .inUse:
                throw GuardFailure(
                    what, why: "another guard serves it",
                    next: "use that one, or end it by SIGTERM", .temporary)
            case .notASocket:
                throw GuardFailure(
                    what, why: "something that is not a socket has that name",
                    next: "move it away, or choose another --socket", .cannotCreate)
            case .refused(let failure):
                throw GuardFailure(
                    what, why: failure.why,
                    next: "choose a short path in a directory that this user may write to",
                    .cannotCreate)
            }
        }
    }

    /// G1: what makes the guard act in time on a host in trouble.
    ///
    /// Each is had or not.
    private static func takePrivileges() {
        do { try ThisProcess.refuseToBeKilledForMemory() } catch {
            Self.lack("protection from the out-of-memory killer", error)
        }
        do { try ThisProcess.becomeRealtime() } catch {
            Self.lack("real-time scheduling", error)
        }
    }

    private static func lack(_ what: String, _ failure: SystemCallFailure) {
        Notice.write("a privilege is missing", ["privilege": what, "why": failure.why])
    }

    private static func announce(
        _ options: GuardOptions, _ containment: Containment,
        _ measured: ContainmentTrial.Measured
    ) {
        Notice.write(
            "ready",
            [
                "socket": options.socketPath, "containment": containment.description,
                "launch_us": Self.microseconds(measured.launch),
                "freeze_us": Self.microseconds(measured.freeze),
                "kill_us": Self.microseconds(measured.kill),
            ])
    }

    private static func microseconds(_ span: Duration) -> String {
        "\(span.wholeNanoseconds / 1000)"
    }
}
