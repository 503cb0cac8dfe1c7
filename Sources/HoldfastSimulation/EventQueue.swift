/// What is to happen, earliest first; at the same instant in the order in which it was added.
struct EventQueue<Event: Sendable>: Sendable {
    private struct Entry: Sendable {
        var time: VirtualTime
        var sequence: UInt64
        var event: Event

        func isBefore(_ other: Entry) -> Bool {
            (self.time.nanoseconds, self.sequence) < (other.time.nanoseconds, other.sequence)
        }
    }

    private var heap: [Entry] = []
    private var sequence: UInt64 = 0

    var nextTime: VirtualTime? { self.heap.first?.time }

    mutating func add(_ event: Event, at time: VirtualTime) {
        self.sequence += 1
        self.heap.append(Entry(time: time, sequence: self.sequence, event: event))
        var child = self.heap.count - 1
        while child > 0 {
            let parent = (child - 1) / 2
            guard self.heap[child].isBefore(self.heap[parent]) else { return }
            self.heap.swapAt(child, parent)
            child = parent
        }
    }

    mutating func popFirst() -> (time: VirtualTime, event: Event)? {
        guard let first = self.heap.first else { return nil }
        let last = self.heap.removeLast()
        if !self.heap.isEmpty {
            self.heap[0] = last
            self.siftDown()
        }
        return (first.time, first.event)
    }

    private mutating func siftDown() {
        var parent = 0
        while true {
            let (left, right) = (2 * parent + 1, 2 * parent + 2)
            var least = parent
            if left < self.heap.count, self.heap[left].isBefore(self.heap[least]) { least = left }
            if right < self.heap.count, self.heap[right].isBefore(self.heap[least]) {
                least = right
            }
            guard least != parent else { return }
            self.heap.swapAt(parent, least)
            parent = least
        }
    }
}
