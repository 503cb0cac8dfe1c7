package import HoldfastCore
package import HoldfastGuardCore
package import HoldfastLinux

/// What one image of the guard's program leaves to the next (G7).
///
/// Descriptors stay open under the same numbers; here it says which is which.
package struct SavedGuard: Equatable, Sendable {
    /// The trees of `ChildTree`, by what they hold.
    package enum Tree: Equatable, Sendable {
        case groups(own: Int32, home: Int32, runs: Int32, isBornByItself: Bool)
        case processes
    }

    /// A live run, beside what the machine knows of it.
    package struct Child: Equatable, Sendable {
        package var slot: Int
        package var generation: UInt32
        package var nest: String
        package var nestNumber: Int32
        /// The directory of its control group.
        package var group: Int32?
        package var process: Int32
        package var stopSignal: Int32
        package var hasEnded: Bool
        package var isKilled: Bool
        package var awaitsFrozen: Bool

        package init(
            slot: Int, generation: UInt32, nest: String, nestNumber: Int32, group: Int32?,
            process: Int32, stopSignal: Int32, hasEnded: Bool, isKilled: Bool, awaitsFrozen: Bool
        ) {
            self.slot = slot
            self.generation = generation
            self.nest = nest
            self.nestNumber = nestNumber
            self.group = group
            self.process = process
            self.stopSignal = stopSignal
            self.hasEnded = hasEnded
            self.isKilled = isKilled
            self.awaitsFrozen = awaitsFrozen
        }
    }

    /// The reading end of a run's output; the run is alive, or its exit is kept.
    package struct Pipe: Equatable, Sendable {
        package var name: RunName
        package var descriptor: Int32

        package init(name: RunName, descriptor: Int32) {
            self.name = name
            self.descriptor = descriptor
        }
    }

    package var options: GuardOptions
    /// Of the process that started the guard.
    package var parentID: Int32
    /// The limits that children get.
    package var openFiles: ThisProcess.OpenFiles
    package var measured: ContainmentTrial.Measured
    package var listener: Int32
    package var lock: Int32
    package var tree: Tree
    package var launchCount: UInt32
    package var badFrameCount: UInt64
    package var vmMarker: UInt64?
    /// When the kernel is to end the guard (G4); a stand-in keeps that until it is armed again.
    package var kernelDeadline: Moment?
    package var standIn: StandIn?
    /// In rising order of their slots: those that are live in `machine`.
    package var children: [Child]
    /// In rising order of their names: one for each live run and for each kept exit.
    package var pipes: [Pipe]
    package var machine: GuardMachine

    package init(
        options: GuardOptions, parentID: Int32, openFiles: ThisProcess.OpenFiles,
        measured: ContainmentTrial.Measured, listener: Int32, lock: Int32, tree: Tree,
        launchCount: UInt32, badFrameCount: UInt64, vmMarker: UInt64?, kernelDeadline: Moment?,
        standIn: StandIn?, children: [Child], pipes: [Pipe], machine: GuardMachine
    ) {
        self.options = options
        self.parentID = parentID
        self.openFiles = openFiles
        self.measured = measured
        self.listener = listener
        self.lock = lock
        self.tree = tree
        self.launchCount = launchCount
        self.badFrameCount = badFrameCount
        self.vmMarker = vmMarker
        self.kernelDeadline = kernelDeadline
        self.standIn = standIn
        self.children = children
        self.pipes = pipes
        self.machine = machine
    }

    /// Everything that must stay open.
    package var descriptors: [Int32] {
        var numbers = [self.listener, self.lock]
        if case .groups(let own, let home, let runs, _) = self.tree {
            numbers += [own, home, runs]
        }
        for child in self.children {
            numbers.append(child.process)
            if let group = child.group { numbers.append(group) }
        }
        return numbers + self.pipes.map { pipe in pipe.descriptor }
    }
}

/// Why bytes are no saved guard.
package enum SavedGuardError: Error, Equatable, CustomStringConvertible {
    case notOne
    case version(UInt32)
    case malformed(MalformedBytes)
    case machine(GuardFrameError)
    /// Two parts of it contradict each other.
    case inconsistent(SavedGuardPart)

    package var description: String {
        switch self {
        case .notOne: "it is not the state of a guard"
        case .version(let version): "it has the version \(version), which this program cannot read"
        case .malformed(.truncated): "it ends too early"
        case .malformed(.trailing): "it goes on behind its end"
        case .malformed: "a field of it is not valid"
        case .machine(let error): "its decisions are not valid: \(error)"
        case .inconsistent(let part): "its \(part.rawValue) cannot be"
        }
    }
}

/// What of a saved guard contradicts the rest.
package enum SavedGuardPart: String, Sendable {
    case children, pipes, descriptors
    case containment = "containment class"
    case kernelTimer = "kernel timer"
}
