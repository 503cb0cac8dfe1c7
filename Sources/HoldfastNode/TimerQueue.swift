/// Named timers, earliest first; a binary heap with lazy removal.
///
/// Ties are broken by the order of setting, so that a run can be repeated.
struct TimerQueue<Name: Hashable & Sendable>: Sendable {
    private struct Entry: Sendable {
        var due: Int64
        var order: UInt64
        var name: Name
    }

    private var heap: [Entry] = []
    private var current: [Name: UInt64] = [:]
    private var order: UInt64 = 0

    /// Sets a timer, or moves it.
    mutating func set(_ name: Name, due: Int64) {
        self.order += 1
        self.current[name] = self.order
        if self.heap.count > 64 + 4 * self.current.count { self.compact() }
        self.heap.append(Entry(due: due, order: self.order, name: name))
        self.siftUp(self.heap.count - 1)
    }

    /// Entries kept, stale ones included.
    var entryCount: Int { self.heap.count }

    /// Drops what was cancelled or moved, wherever it is; a sorted array is a heap.
    private mutating func compact() {
        self.heap = self.heap.filter { self.current[$0.name] == $0.order }
            .sorted { ($0.due, $0.order) < ($1.due, $1.order) }
    }

    mutating func cancel(_ name: Name) { self.current[name] = nil }

    func isSet(_ name: Name) -> Bool { self.current[name] != nil }

    /// The earliest timer that is due, removed.
    mutating func pop(at now: Int64) -> Name? {
        self.dropStale()
        guard let first = self.heap.first, first.due <= now else { return nil }
        self.removeFirst()
        self.current[first.name] = nil
        return first.name
    }

    /// When the earliest timer is due.
    var earliest: Int64? {
        mutating get {
            self.dropStale()
            return self.heap.first?.due
        }
    }

    private mutating func dropStale() {
        while let first = self.heap.first, self.current[first.name] != first.order {
            self.removeFirst()
        }
    }

    private mutating func removeFirst() {
        let last = self.heap.removeLast()
        guard !self.heap.isEmpty else { return }
        self.heap[0] = last
        self.siftDown(0)
    }

    private func isBefore(_ left: Int, _ right: Int) -> Bool {
        (self.heap[left].due, self.heap[left].order)
            < (self.heap[right].due, self.heap[right].order)
    }

    private mutating func siftUp(_ start: Int) {
        var child = start
        while child > 0 {
            let parent = (child - 1) / 2
            guard self.isBefore(child, parent) else { return }
            self.heap.swapAt(child, parent)
            child = parent
        }
    }

    private mutating func siftDown(_ start: Int) {
        var parent = start
        while true {
            var least = parent
            for child in [2 * parent + 1, 2 * parent + 2]
            where child < self.heap.count && self.isBefore(child, least) {
                least = child
            }
            guard least != parent else { return }
            self.heap.swapAt(parent, least)
            parent = least
        }
    }
}
