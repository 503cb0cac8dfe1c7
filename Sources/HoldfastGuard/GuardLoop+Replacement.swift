import HoldfastCore
import HoldfastGuardCore
import HoldfastLinux

/// SIGHUP: the guard executes its program file again, in place (G7).
///
/// The process stays the same, so its children do, and none is told that its parent died. The
/// kernel's hand is handed over without a gap: `StandIn` before the exec, the timer of the new
/// image before that lets go of it (G4).
extension GuardLoop {
    /// With less time than this to the next deadline the exec waits until that has passed.
    private static let margin = Duration.milliseconds(100)

    var isReplacementDue: Bool {
        guard self.isReplacementWanted else { return false }
        guard let wait = self.machine.nextWakeUp(after: Clocks.read()) else { return true }
        return wait >= Self.margin
    }

    /// Does not return, unless it cannot be done; then everything is as before.
    func replaceProgram() {
        self.isReplacementWanted = false
        guard let path = self.setup.program, ProgramReplacement.mayExecute(path) else {
            Notice.write(
                "not replaced: the program's file is not executable; going on",
                ["path": self.setup.program ?? "unknown"])
            return
        }
        Notice.write("replacing the program", ["path": path])
        do {
            try self.execute(path)
        } catch {
            Notice.write("not replaced; going on", ["path": path, "why": "\(error)"])
        }
    }

    private func execute(_ path: String) throws {
        // Beyond this the agent's connection ends, and its next one is told everything again.
        var saved = self.saved
        if let deadline = self.kernelTimer.deadline {
            saved.standIn = try StandIn.begin(at: deadline)
        }
        defer { try? saved.standIn?.end() }
        let memory = try SealedMemory.make("holdfast-guard", try saved.encoded())
        // The last use in sight must not close it.
        throw withExtendedLifetime(memory) {
            let number = memory.number ?? -1
            return ProgramReplacement.execute(
                path, Self.arguments(self.setup.arguments, state: number),
                keeping: saved.descriptors + [number])
        }
    }

    /// The same command line, so that whoever looks at it sees what was started.
    private static func arguments(_ present: [String], state: Int32) -> [String] {
        present.filter { argument in !argument.hasPrefix(GuardOptions.resumeOption) }
            + [GuardOptions.resumeOption + "\(state)"]
    }

    /// Everything that the next image needs, but the stand-in.
    var saved: SavedGuard {
        let listening = self.listener.descriptors
        return SavedGuard(
            options: self.setup.options, parentID: self.setup.parentID,
            openFiles: self.setup.openFiles, measured: self.setup.measured,
            listener: listening.socket, lock: listening.lock, tree: self.tree.saved,
            launchCount: self.launchCount, badFrameCount: self.badFrameCount,
            vmMarker: self.vmClock?.last, kernelDeadline: self.kernelTimer.deadline, standIn: nil,
            children: self.children.enumerated().compactMap { slot, child in
                child.map { child in child.saved(in: slot) }
            },
            pipes: self.pipes.sorted { left, right in left.key < right.key }
                .map { name, pipe in .init(name: name, descriptor: pipe.number ?? -1) },
            machine: self.machine)
    }

    /// Takes over what the image before had, and sees what has happened since.
    func inherit(_ saved: SavedGuard) throws(SystemCallFailure) {
        self.launchCount = saved.launchCount
        self.badFrameCount = saved.badFrameCount
        let live = self.machine.liveRuns.map { each in each.run }
        for (child, run) in zip(saved.children, live) {
            let inherited = try Child(inheriting: child, run)
            while self.children.count <= child.slot { self.children.append(nil) }
            self.children[child.slot] = inherited
            self.tree.admit(inherited)
            try self.watch(inherited, in: child.slot)
        }
        for pipe in saved.pipes {
            self.pipes[pipe.name] = try InheritedDescriptor.adoptPipe(pipe.descriptor)
        }
        if self.tree.containment == .subreaper { self.reapOrphans() }
        self.readBack()
    }
}

extension Child {
    func saved(in slot: Int) -> SavedGuard.Child {
        SavedGuard.Child(
            slot: slot, generation: self.generation, nest: self.nest.name,
            nestNumber: self.nest.number, group: self.nest.group?.directory,
            process: self.process.number ?? -1, stopSignal: self.stopSignal,
            hasEnded: self.hasEnded, isKilled: self.isKilled, awaitsFrozen: self.awaitsFrozen)
    }

    init(inheriting saved: SavedGuard.Child, _ run: LiveRun) throws(SystemCallFailure) {
        let process = try InheritedDescriptor.adoptChild(saved.process, isReaped: saved.hasEnded)
        var group: ControlGroup?
        if let directory = saved.group { group = try ControlGroup.inherit(directory) }
        self.init(
            name: run.name, generation: saved.generation,
            nest: Nest(name: saved.nest, number: saved.nestNumber, group: group),
            processID: run.processID, process: process, stopSignal: saved.stopSignal,
            hasEnded: saved.hasEnded, isKilled: saved.isKilled, awaitsFrozen: saved.awaitsFrozen)
    }
}
