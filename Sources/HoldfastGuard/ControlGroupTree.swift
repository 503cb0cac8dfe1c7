import HoldfastCore
import HoldfastGuardCore
import HoldfastLinux

/// Trees as control groups of version 2: `<own>/<name>/guard` and `<own>/<name>/runs/<nest>`.
///
/// A nest is fresh for every launch, and the guard sits in a leaf that nobody kills, because some
/// kernels kill a child born into a group that was killed more often than its parent's.
final class ControlGroupTree: ChildTree {
    private let own: ControlGroup
    private let name: String
    private let home: ControlGroup
    private let runs: ControlGroup
    private var isBornByItself = false
    /// Nests that could not be removed yet.
    private var garbage: [String] = []

    let containment = Containment.cgroup
    let mustBePolled = false

    /// How long left-overs may take to die before the guard gives up.
    private static let emptyingLimit = Duration.seconds(20)

    /// Takes the place for this guard alone, empties what an earlier one left (G8), moves in.
    ///
    /// - Throws: `GuardFailure`: there is no such place here, or what is left will not die.
    init(name: String) throws(GuardFailure) {
        guard let path = ControlGroupPlace.find() else {
            throw GuardFailure(
                "cannot use control groups", why: "no cgroup v2 is mounted that holds this process",
                next: "mount cgroup2, or use --contain subreaper", .system)
        }
        self.name = name
        self.place = "\(path == "/" ? "" : path)/\(name)/runs"
        do {
            self.own = try ControlGroup.open(path)
            try Self.makeUnlessThere(self.own, name)
            self.home = try self.own.open(name)
        } catch {
            throw .system("cannot make the control group \(path)/\(name)", error)
        }
        do {
            try self.home.lock()
        } catch {
            throw GuardFailure(
                "cannot use the control group \(path)/\(name)",
                why: "another guard lives in it", next: "give each guard its own --name",
                .temporary)
        }
        do {
            try Self.makeUnlessThere(self.home, "runs")
            self.runs = try self.home.open("runs")
            try Self.empty(self.runs)
            try Self.moveIn(self.home)
        } catch {
            throw .system("cannot settle in the control group \(path)/\(name)", error)
        }
    }

    /// Takes over what an earlier image of this program held.
    ///
    /// - Parameters:
    ///   - directories: Open ones; `home` is locked.
    ///   - name: The guard's.
    ///   - isBornByItself: Whether a child died at birth before.
    ///   - live: The nests in use; others were left to be removed.
    /// - Throws: A directory is not what it should be.
    init(
        inheriting directories: (own: Int32, home: Int32, runs: Int32), name: String,
        isBornByItself: Bool, live: Set<String>
    ) throws(SystemCallFailure) {
        self.name = name
        self.place = ThisProcess.resolve("/proc/self/fd/\(directories.runs)") ?? ""
        self.own = try ControlGroup.inherit(directories.own)
        self.home = try ControlGroup.inherit(directories.home)
        self.runs = try ControlGroup.inherit(directories.runs)
        self.isBornByItself = isBornByItself
        self.garbage = self.runs.children().filter { nest in !live.contains(nest) }
    }

    var saved: SavedGuard.Tree {
        .groups(
            own: self.own.directory, home: self.home.directory, runs: self.runs.directory,
            isBornByItself: self.isBornByItself)
    }

    private static func makeUnlessThere(
        _ parent: ControlGroup, _ name: String
    ) throws(SystemCallFailure) {
        do {
            try parent.make(name)
        } catch {
            guard (try? parent.open(name)) != nil else { throw error }
        }
    }

    /// Where the runs are.
    let place: String

    /// G8: empties the place of an earlier guard, which may have been started from another one.
    ///
    /// - Parameter place: As it was noted.
    /// - Throws: `GuardFailure`: what is there will not die, or is not ours to end.
    static func emptyEarlier(_ place: String) throws(GuardFailure) {
        let suffix = "/runs"
        guard place.hasPrefix("/"), place.hasSuffix(suffix), ControlGroup.isOne(place) else {
            return
        }
        do {
            let home = try ControlGroup.open(String(place.dropLast(suffix.count)))
            // A guard with another socket lives there.
            guard (try? home.lock()) != nil else { return }
            try Self.empty(try home.open("runs"))
        } catch {
            throw .system("cannot empty the control group \(place) of an earlier guard", error)
        }
    }

    /// G8: kills and removes every group below.
    static func empty(_ parent: ControlGroup) throws(SystemCallFailure) {
        for name in parent.children() {
            let group = try parent.open(name)
            try group.kill()
            Notice.write("emptying what an earlier guard left", ["group": name])
            try Self.removeOnceEmpty(parent, name, group)
        }
    }

    private static func removeOnceEmpty(
        _ parent: ControlGroup, _ name: String, _ group: ControlGroup
    ) throws(SystemCallFailure) {
        let start = Clocks.read()
        while true {
            do {
                if group.state == [] { return try parent.remove(name) }
            } catch {
                guard Clocks.read().holderElapsed(since: start) < Self.emptyingLimit else {
                    throw error
                }
            }
            guard Clocks.read().holderElapsed(since: start) < Self.emptyingLimit else {
                throw SystemCallFailure(call: "cgroup.kill", errorNumber: 16)
            }
            ThisProcess.pause(milliseconds: 2)
        }
    }

    /// A fresh leaf, so that its kill count is that of fresh nests.
    private static func moveIn(_ home: ControlGroup) throws(SystemCallFailure) {
        if home.children().contains("guard") {
            let old = try home.open("guard")
            try old.kill()
            try Self.removeOnceEmpty(home, "guard", old)
        }
        try home.make("guard")
        try home.open("guard").enter()
    }

    func makeNest(_ name: String, number: Int32) throws(SystemCallFailure) -> Nest {
        self.sweep()
        try self.runs.make(name)
        return Nest(name: name, number: number, group: try self.runs.open(name))
    }

    func birthplace(_ nest: Nest) throws(SystemCallFailure) -> ChildLauncher.Birthplace {
        guard let group = nest.group else { return .here }
        return self.isBornByItself
            ? .byItself(try group.openProcesses()) : .directly(group)
    }

    func mark(_ nest: Nest) -> String? { nil }

    func distrustBirth() -> Bool {
        guard !self.isBornByItself else { return false }
        self.isBornByItself = true
        Notice.write("children move into their control groups themselves from now on")
        return true
    }

    func admit(_ child: Child) {}

    func signal(_ child: Child, _ number: Int32) {
        child.nest.group?.signal(number)
    }

    func kill(_ child: Child) {
        do {
            try child.nest.group?.kill()
        } catch {
            Notice.write("cannot kill a group", ["group": child.nest.name, "error": error.why])
        }
    }

    func setFrozen(_ child: Child, _ isFrozen: Bool) {
        do {
            try child.nest.group?.setFrozen(isFrozen)
        } catch {
            Notice.write("cannot freeze a group", ["group": child.nest.name, "error": error.why])
        }
    }

    func state(_ child: Child) -> ControlGroup.State? { child.nest.group?.state }

    func beginRound() {}

    func release(_ nest: Nest, processID: Int32) {
        do {
            try self.runs.remove(nest.name)
        } catch {
            self.garbage.append(nest.name)
        }
    }

    private func sweep() {
        guard !self.garbage.isEmpty else { return }
        self.garbage.removeAll { name in (try? self.runs.remove(name)) != nil }
    }

    func tearDown() {
        self.sweep()
        do {
            try self.own.enter()
            try self.own.remove(self.name)
        } catch {
            Notice.write("cannot remove the control group", ["error": error.why])
        }
    }
}
