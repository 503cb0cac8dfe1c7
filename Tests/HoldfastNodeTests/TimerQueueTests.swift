import Testing

@testable import HoldfastNode

@Suite("TimerQueue")
struct TimerQueueTests {
    @Test("timers come earliest first, and in the order of setting where they are due together")
    func order() {
        var queue = TimerQueue<Int>()
        for (name, due) in [(1, 30), (2, 10), (3, 20), (4, 10), (5, 10)] {
            queue.set(name, due: Int64(due))
        }
        #expect(queue.earliest == 10)
        var popped: [Int] = []
        while let name = queue.pop(at: 30) { popped.append(name) }
        #expect(popped == [2, 4, 5, 3, 1])
        #expect(queue.earliest == nil)
    }

    @Test("nothing comes before it is due")
    func notBefore() {
        var queue = TimerQueue<Int>()
        queue.set(1, due: 10)
        #expect(queue.pop(at: 9) == nil)
        #expect(queue.pop(at: 10) == 1)
        #expect(queue.pop(at: 10) == nil)
    }

    @Test("a timer that is set again counts once, at its new time", arguments: [5, 50])
    func moved(due: Int64) {
        var queue = TimerQueue<Int>()
        queue.set(1, due: 20)
        queue.set(1, due: due)
        #expect(queue.earliest == due)
        #expect(queue.pop(at: due) == 1)
        #expect(queue.pop(at: 100) == nil)
    }

    @Test("a cancelled timer never comes, even if it was due")
    func cancelled() {
        var queue = TimerQueue<Int>()
        queue.set(1, due: 10)
        queue.set(2, due: 20)
        queue.cancel(1)
        #expect(!queue.isSet(1))
        #expect(queue.isSet(2))
        #expect(queue.earliest == 20)
        #expect(queue.pop(at: 30) == 2)
        #expect(queue.pop(at: 30) == nil)
    }

    @Test("a timer that is moved for ever takes no more room")
    func bounded() {
        var queue = TimerQueue<Int>()
        for index in 0..<10_000 { queue.set(index % 10, due: 1_000_000 - Int64(index)) }
        #expect(queue.entryCount < 200)
        var popped: [Int] = []
        while let name = queue.pop(at: 2_000_000) { popped.append(name) }
        #expect(popped == [9, 8, 7, 6, 5, 4, 3, 2, 1, 0])
    }

    /// Method: a plain array of (due, order) says what is right.
    @Test("a thousand random calls agree with a sorted list", arguments: 0..<20)
    func model(seed: UInt64) {
        var random = seed &* 0x9E37_79B9_7F4A_7C15 | 1
        func next(_ limit: UInt64) -> UInt64 {
            random ^= random << 13
            random ^= random >> 7
            random ^= random << 17
            return random % limit
        }
        var queue = TimerQueue<UInt64>()
        var model: [(name: UInt64, due: Int64, order: Int)] = []
        for step in 0..<1000 {
            let name = next(40)
            switch next(4) {
            case 0:
                queue.cancel(name)
                model.removeAll { $0.name == name }
            case 1:
                let now = Int64(next(1000))
                model.sort { ($0.due, $0.order) < ($1.due, $1.order) }
                let expected = model.first.flatMap { $0.due <= now ? $0.name : nil }
                if expected != nil { model.removeFirst() }
                #expect(queue.pop(at: now) == expected, "seed \(seed), step \(step)")
            default:
                let due = Int64(next(1000))
                queue.set(name, due: due)
                model.removeAll { $0.name == name }
                model.append((name, due, step))
            }
        }
    }
}
