import HoldfastCore
import HoldfastGuardCore
import HoldfastLinux

/// Trees found by looking through /proc, for hosts without writable control groups.
///
/// With `subreaper`, orphans become the guard's children; they belong to the run whose process
/// session or mark in the environment they have, and those that show neither are killed whenever
/// a tree is looked at. With `group`, only the process group counts. Both chase: what forks
/// faster than it is killed escapes, and status says so (G9).
final class ProcessTree: ChildTree {
    let containment: Containment
    let mustBePolled = true

    private static let variable = "HOLDFAST_GUARD_RUN="
    private static let emptyingLimit = Duration.seconds(20)
    private static let stop: Int32 = 19
    private static let resume: Int32 = 18
    private static let end: Int32 = 9

    private let table: ProcessTable
    private let guardID = ThisProcess.processID
    /// `HOLDFAST_GUARD_RUN=<name>/`, before the number of the launch.
    private let prefix: [CChar]
    private let prefixText: String
    /// Main processes by launch.
    private var mains: [Int32: Int32] = [:]
    private var isMain: Set<Int32> = []
    /// The main process of the run that each entry of the table belongs to; 0 for none of ours.
    private let owners: UnsafeMutableBufferPointer<Int32>
    private var isFresh = false

    /// - Throws: `GuardFailure`: /proc is of no use, or what an earlier guard left will not die.
    convenience init(_ containment: Containment, name: String) throws(GuardFailure) {
        do {
            try self.init(inheriting: containment, name: name)
        } catch {
            throw .system("cannot look at processes", error)
        }
        try self.empty()
    }

    /// The same for a later image of the same guard's program: its runs go on.
    init(inheriting containment: Containment, name: String) throws(SystemCallFailure) {
        self.containment = containment
        self.prefixText = Self.variable + name + "/"
        self.prefix = Array(self.prefixText.utf8CString)
        self.owners = .allocate(capacity: ProcessTable.capacity)
        self.table = try ProcessTable()
        if containment == .subreaper { try ThisProcess.becomeSubreaper() }
    }

    var saved: SavedGuard.Tree { .processes }

    /// G8: kills what bears the mark of an earlier guard of this name.
    private func empty() throws(GuardFailure) {
        let start = Clocks.read()
        while true {
            self.table.refresh()
            var found = 0
            for index in 0..<self.table.count where !self.table[index].isDead {
                guard self.table[index].number != self.guardID,
                    self.table.environmentNumber(index, self.prefix) != nil
                else { continue }
                self.table.signal(index, Self.end)
                found += 1
            }
            if found == 0 { return }
            guard Clocks.read().holderElapsed(since: start) < Self.emptyingLimit else {
                throw GuardFailure(
                    "cannot empty what an earlier guard left", why: "\(found) processes do not end",
                    next: "look for processes in uninterruptible sleep", .system)
            }
            ThisProcess.pause(milliseconds: 5)
        }
    }

    /// Kills every descendant of this process, whoever's, and whatever bears the mark of `name`.
    static func endEverything(name: String) throws(GuardFailure) {
        let tree = try ProcessTree(.subreaper, name: name)
        let start = Clocks.read()
        while true {
            tree.table.refresh()
            var found = 0
            for index in 0..<tree.table.count
            where !tree.table[index].isDead && tree.childOfGuard(above: index) != nil {
                tree.table.signal(index, Self.end)
                found += 1
            }
            if found == 0 { return }
            guard Clocks.read().holderElapsed(since: start) < Self.emptyingLimit else {
                throw GuardFailure(
                    "cannot end what the guard left", why: "\(found) processes do not end",
                    next: "look for processes in uninterruptible sleep", .system)
            }
            ThisProcess.pause(milliseconds: 5)
        }
    }

    func makeNest(_ name: String, number: Int32) -> Nest {
        Nest(name: name, number: number, group: nil)
    }

    func birthplace(_ nest: Nest) -> ChildLauncher.Birthplace { .here }

    func mark(_ nest: Nest) -> String? { self.prefixText + "\(nest.number)" }

    func distrustBirth() -> Bool { false }

    func admit(_ child: Child) {
        self.mains[child.nest.number] = child.processID
        self.isMain.insert(child.processID)
    }

    func release(_ nest: Nest, processID: Int32) {
        self.mains[nest.number] = nil
        self.isMain.remove(processID)
    }

    func tearDown() {}

    func beginRound() {
        self.isFresh = false
    }

    func signal(_ child: Child, _ number: Int32) {
        // Reaches at once what a walk reaches one by one; the number is ours until it is reaped.
        if !child.hasEnded { ThisProcess.signalGroup(child.processID, number) }
        self.look()
        for index in 0..<self.table.count where self.owners[index] == child.processID {
            self.table.signal(index, number)
        }
    }

    func kill(_ child: Child) {
        self.signal(child, Self.end)
    }

    func setFrozen(_ child: Child, _ isFrozen: Bool) {
        self.signal(child, isFrozen ? Self.stop : Self.resume)
    }

    func state(_ child: Child) -> ControlGroup.State? {
        self.look()
        guard self.table.isComplete else { return nil }
        var state: ControlGroup.State = .frozen
        for index in 0..<self.table.count where self.owners[index] == child.processID {
            let process = self.table[index]
            if !process.isDead { state.insert(.populated) }
            if !process.isQuiet { state.remove(.frozen) }
        }
        return state
    }

    /// Looks through /proc once a round and finds whose everything is.
    private func look() {
        guard !self.isFresh else { return }
        self.isFresh = true
        self.table.refresh()
        for index in 0..<self.table.count {
            let owner =
                self.containment == .group
                ? self.mainOfGroup(self.table[index].group) : self.mainOfTree(index)
            self.owners[index] = owner ?? 0
        }
    }

    private func mainOfGroup(_ group: Int32) -> Int32? {
        self.isMain.contains(group) ? group : nil
    }

    private func mainOfTree(_ start: Int) -> Int32? {
        self.childOfGuard(above: start).flatMap(self.main)
    }

    /// Climbs to the child of the guard that it descends from, or is.
    private func childOfGuard(above start: Int) -> Int? {
        var index = start
        for _ in 0..<self.table.count {
            let process = self.table[index]
            if process.parent == self.guardID { return index }
            guard process.parent > 1, let parent = self.table.index(of: process.parent) else {
                return nil
            }
            index = parent
        }
        return nil
    }

    private func main(of index: Int) -> Int32? {
        let process = self.table[index]
        if self.isMain.contains(process.number) { return process.number }
        if self.isMain.contains(process.session) { return process.session }
        if let number = self.table.environmentNumber(index, self.prefix) {
            if let main = self.mains[number] { return main }
        }
        // Nobody's: fail closed.
        if !process.isDead { self.table.signal(index, Self.end) }
        return nil
    }

    deinit {
        self.owners.deallocate()
    }
}
