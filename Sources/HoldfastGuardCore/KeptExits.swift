/// Exits whose vacancy is not known to be chosen yet, in the order of their names (G7).
struct KeptExits: Equatable, Sendable {
    struct Entry: Equatable, Sendable {
        let name: RunName
        let end: RunEnd
    }

    private(set) var entries: [Entry] = []

    init() {}

    /// - Parameter entries: In rising order of their names, none of them twice.
    /// - Throws: `invalid(.runs)` for others.
    init(_ entries: [Entry]) throws(GuardFrameError) {
        let isRising = zip(entries, entries.dropFirst()).allSatisfy { left, right in
            left.name < right.name
        }
        guard isRising else { throw .invalid(.runs) }
        self.entries = entries
    }

    subscript(name: RunName) -> RunEnd? {
        let index = self.index(of: name)
        return index < self.entries.count && self.entries[index].name == name
            ? self.entries[index].end : nil
    }

    mutating func keep(_ name: RunName, _ end: RunEnd) {
        self.entries.insert(Entry(name: name, end: end), at: self.index(of: name))
    }

    /// Returns whether it was kept.
    mutating func settle(_ name: RunName) -> Bool {
        guard self[name] != nil else { return false }
        self.entries.remove(at: self.index(of: name))
        return true
    }

    /// Where `name` is or would be.
    private func index(of name: RunName) -> Int {
        var low = 0
        var high = self.entries.count
        while low < high {
            let middle = (low + high) / 2
            if self.entries[middle].name < name { low = middle + 1 } else { high = middle }
        }
        return low
    }
}
