import HoldfastCore
import HoldfastGuardCore
import HoldfastLinux

/// A later image of the guard's program: takes over from the one before, or ends everything.
enum GuardResumption {
    /// A rehearsal must not make the guard late for a deadline.
    private static let rehearsalLimit = Duration.milliseconds(100)
    private static let rehearsalMargin = Duration.seconds(2)

    /// Serves until the guard is told to end.
    ///
    /// - Parameters:
    ///   - state: The descriptor that the image before left.
    ///   - arguments: Of the process, its own name first.
    /// - Throws: Why nothing could be taken over. Every run is dead then: a guard that does not
    ///   know what it holds must hold nothing.
    static func run(_ state: Int32, _ arguments: [String]) throws(GuardFailure) {
        let loop: GuardLoop
        do {
            loop = try Self.restore(state, arguments)
        } catch {
            LeftOvers.end(arguments)
            let (why, status) = Self.reason(error)
            throw GuardFailure(
                "cannot take over from the guard's last program; every run was killed", why: why,
                next: "start the guard again", status)
        }
        loop.run()
        Notice.write("ended")
    }

    private static func reason(_ error: any Error) -> (why: String, ExitStatusCode) {
        switch error {
        case let error as SavedGuardError: ("its state cannot be used: \(error)", .badData)
        case let error as SystemCallFailure: ("\(error.call): \(error.why)", error.exitStatus)
        default: ("\(error)", .software)
        }
    }

    private static func restore(_ state: Int32, _ arguments: [String]) throws -> GuardLoop {
        let memory = OwnedDescriptor(try InheritedDescriptor.adopt(state))
        let saved = try SavedGuard(
            decoding: SealedMemory.read(memory, upTo: SavedGuard.limit))
        // G4: the timer first, then what stood in for it may go.
        var kernelTimer = try KernelTimer()
        if let deadline = saved.kernelDeadline { try kernelTimer.arm(deadline) }
        try saved.standIn?.end()
        if saved.options.exitsWithParent { ThisProcess.endWithParent(saved.parentID) }
        return try Self.restore(saved, kernelTimer, arguments)
    }

    private static func restore(
        _ saved: SavedGuard, _ kernelTimer: KernelTimer, _ arguments: [String]
    ) throws -> GuardLoop {
        let listener = try PacketListener(
            inherited: saved.listener, lock: saved.lock, path: saved.options.socketPath)
        let launcher = try ChildLauncher(openFiles: saved.openFiles)
        let tree = try Self.tree(saved)
        ThisProcess.dropCode()
        // The first image told what it lacks.
        try? ThisProcess.lockMemory()
        let setup = GuardSetup(
            options: saved.options, parentID: saved.parentID, openFiles: saved.openFiles,
            measured: saved.measured, program: ProgramReplacement.ownPath, arguments: arguments)
        let loop = try GuardLoop(
            saved.machine, tree: tree, launcher: launcher, listener: listener,
            signals: SignalInbox(watchesChildren: tree.containment == .subreaper), setup: setup,
            kernelTimer: kernelTimer, vmMarker: saved.vmMarker)
        try loop.inherit(saved)
        loop.enforce()
        Self.rehearse(loop)
        Notice.write(
            "took over from the program before", ["children": "\(loop.machine.liveCount)"])
        return loop
    }

    private static func tree(_ saved: SavedGuard) throws -> any ChildTree {
        switch saved.tree {
        case .groups(let own, let home, let runs, let isBornByItself):
            try ControlGroupTree(
                inheriting: (own: own, home: home, runs: runs), name: saved.options.name,
                isBornByItself: isBornByItself, live: Set(saved.children.map(\.nest)))
        case .processes:
            try ProcessTree(inheriting: saved.machine.containment, name: saved.options.name)
        }
    }

    /// G1: the deadline path of this image has run once before it is needed, if there is time.
    private static func rehearse(_ loop: GuardLoop) {
        let wait = loop.machine.nextWakeUp(after: Clocks.read()) ?? .seconds(3600)
        guard wait >= Self.rehearsalMargin else { return }
        do {
            _ = try ContainmentTrial(
                loop.tree, loop.launcher, stepLimit: Self.rehearsalLimit
            ).run()
        } catch {
            Notice.write("the deadline path was not rehearsed", ["why": error.why])
        }
    }
}
