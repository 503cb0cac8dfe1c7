import HoldfastCore
import HoldfastGuardCore
import HoldfastLinux

/// Measures how trees can be held here, by holding one (G9).
///
/// It is also the rehearsal of the deadline path: what runs at a deadline has run before, so that
/// its code and stack are in memory when memory is short (G1).
package struct ContainmentTrial {
    package struct Measured: Equatable, Sendable {
        package var launch: Duration
        package var freeze: Duration
        package var kill: Duration

        package init(launch: Duration, freeze: Duration, kill: Duration) {
            self.launch = launch
            self.freeze = freeze
            self.kill = kill
        }
    }

    /// What the guard's own program does nothing under.
    static let probeName = "holdfast-guard-probe"
    /// Longer than any step below may take.
    static let probeSeconds: UInt32 = 30
    private let stepLimit: Duration
    private let tree: any ChildTree
    private let launcher: ChildLauncher

    init(
        _ tree: any ChildTree, _ launcher: ChildLauncher, stepLimit: Duration = .seconds(5)
    ) {
        self.tree = tree
        self.launcher = launcher
        self.stepLimit = stepLimit
    }

    /// The best tree that works here, or the one that was asked for.
    ///
    /// - Parameters:
    ///   - wanted: `nil` for the best.
    ///   - name: The guard's.
    ///   - launcher: Used for the trial.
    /// - Returns: A tree in which a child was launched, frozen, thawed and killed.
    /// - Throws: Why the one asked for, or the last one tried, does not work.
    static func choose(
        _ wanted: Containment?, name: String, _ launcher: ChildLauncher
    ) throws(GuardFailure) -> any ChildTree {
        let candidates = wanted.map { one in [one] } ?? Containment.allCases
        var last = GuardFailure("cannot hold children", why: "nothing was tried", next: "", .system)
        for candidate in candidates {
            do {
                let tree: any ChildTree =
                    candidate == .cgroup
                    ? try ControlGroupTree(name: name) : try ProcessTree(candidate, name: name)
                _ = try ContainmentTrial(tree, launcher).run()
                return tree
            } catch {
                // Another guard's place is not ours to go round.
                if error.exitStatus == .temporary { throw error }
                last = error
                guard wanted == nil else { throw error }
                Notice.write(
                    "a way of holding children does not work here",
                    ["containment": candidate.description, "why": error.why])
            }
        }
        throw last
    }

    func run() throws(GuardFailure) -> Measured {
        let start = Clocks.read()
        let child: Child
        do {
            child = try self.launch()
        } catch {
            throw Self.failure(error)
        }
        let launched = Clocks.read()
        self.tree.setFrozen(child, true)
        let isFrozen = self.wait(child) { state in state.contains(.frozen) }
        let frozen = Clocks.read()
        self.tree.setFrozen(child, false)
        let isThawed = self.wait(child) { state in !state.contains(.frozen) }
        let thawed = Clocks.read()
        self.tree.kill(child)
        // Reaping first: where there is no group, a dead child is seen until it is reaped.
        _ = ChildReaper.reapWaiting(child.process)
        let isEmpty = self.wait(child) { state in !state.contains(.populated) }
        self.tree.release(child.nest, processID: child.processID)
        guard isFrozen, isThawed, isEmpty else {
            throw GuardFailure(
                "cannot hold children",
                why: "a trial child was not \(isFrozen ? "killed" : "frozen") in time",
                next: "use --contain subreaper or group", .system)
        }
        return Measured(
            launch: launched.holderElapsed(since: start),
            freeze: frozen.holderElapsed(since: launched),
            kill: Clocks.read().holderElapsed(since: thawed))
    }

    private static func failure(_ failure: ChildLauncher.Failure) -> GuardFailure {
        let why =
            switch failure {
            case .step(let step, let errorNumber):
                "a trial child could not \(step): \(SystemCallFailure.text(of: errorNumber))"
            case .tooLate: "a trial child took too long"
            case .killedAtBirth: "a trial child was killed at birth"
            }
        return GuardFailure(
            "cannot launch children", why: why, next: "look at the limits of this user", .system)
    }

    private func launch() throws(ChildLauncher.Failure) -> Child {
        let order = Self.order
        let pipe: (reading: OwnedDescriptor, writing: OwnedDescriptor)
        do {
            pipe = try LogPipe.make()
        } catch {
            throw .step(.pipe, errorNumber: error.errorNumber)
        }
        for attempt in 0... {
            let nest: Nest
            let place: ChildLauncher.Birthplace
            do {
                nest = try self.tree.makeNest("probe.0.\(attempt)", number: 0)
                place = try self.tree.birthplace(nest)
            } catch {
                throw .step(.containment, errorNumber: error.errorNumber)
            }
            do {
                let launched = try self.launcher.launch(
                    order, in: place, output: pipe.writing, extra: self.tree.mark(nest),
                    before: Clocks.read().advanced(by: self.stepLimit))
                let child = Child(
                    name: order.name, generation: 0, nest: nest, processID: launched.processID,
                    process: launched.process, stopSignal: order.stopSignal)
                self.tree.admit(child)
                return child
            } catch {
                self.tree.release(nest, processID: 0)
                guard error == .killedAtBirth, self.tree.distrustBirth() else { throw error }
            }
        }
        throw .killedAtBirth
    }

    private static var order: LaunchOrder {
        LaunchOrder(
            name: RunName(key: "probe", token: 0), epoch: 0, executable: "/proc/self/exe",
            arguments: [Self.probeName], environment: [], directory: "/",
            userID: ThisProcess.userID, groupID: ThisProcess.groupID, supplementaryGroups: [],
            stopSignal: 15, stopGrace: .zero, onDeadline: .kill, freezeLimit: nil)
    }

    private func wait(_ child: Child, _ isTrue: (ControlGroup.State) -> Bool) -> Bool {
        let start = Clocks.read()
        while Clocks.read().holderElapsed(since: start) < self.stepLimit {
            self.tree.beginRound()
            if let state = self.tree.state(child), isTrue(state) { return true }
            ThisProcess.pause(milliseconds: 1)
        }
        return false
    }
}
