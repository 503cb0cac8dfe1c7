import Foundation
import HoldfastCore
import HoldfastPaxos
import HoldfastStorage
import Synchronization
import Testing

extension StorageTests {
    @Suite("Group committer")
    struct GroupCommitterTests {
        let scratch: Scratch

        init() throws { self.scratch = try Scratch() }

        /// What a committer reported, in order.
        private final class Log: Sendable {
            let ranges = Mutex<[ClosedRange<UInt64>]>([])
            let failures = Mutex<[StoreFailure]>([])

            func committer(on scratch: Scratch) throws -> GroupCommitter {
                try GroupCommitter(
                    store: scratch.open(),
                    didCommit: { range in self.ranges.withLock { $0.append(range) } },
                    onFailure: { failure in self.failures.withLock { $0.append(failure) } })
            }
        }

        @Test("D3: tickets are reported in order, each once, and everything reported is on disk")
        func order() throws {
            let log = Log()
            let committer = try log.committer(on: self.scratch)
            var expected = DurableState(acceptor: Scratch.identity)
            for ticket in 1...UInt64(2000) {
                let write = DurableWrite.accepted("k\(ticket % 90)", ticket, [UInt8(ticket & 0xFF)])
                committer.submit(ticket % 3 == 0 ? [] : [write], ticket: ticket)
                if ticket % 3 != 0 { expected.apply(write) }
            }
            committer.stop()
            let ranges = log.ranges.withLock { $0 }
            #expect(ranges.flatMap { Array($0) } == Array(1...2000))
            #expect(ranges.count < 2000, "nothing was batched")
            #expect(committer.waitingCount == 0)
            #expect(try self.scratch.load() == expected)
        }

        @Test("D3: what arrives while a commit runs goes into the next, all of it")
        func batching() throws {
            let log = Log()
            let gate = DispatchSemaphore(value: 0)
            let committer = try GroupCommitter(
                store: self.scratch.open(),
                didCommit: { range in
                    if range.lowerBound == 1 { gate.wait() }
                    log.ranges.withLock { $0.append(range) }
                },
                onFailure: { _ in })
            committer.submit([.ceiling(1)], ticket: 1)
            while committer.waitingCount > 0 { usleep(100) }
            for ticket in [5, 6, 9] as [UInt64] {
                committer.submit([.ceiling(ticket)], ticket: ticket)
            }
            gate.signal()
            committer.stop()
            #expect(log.ranges.withLock { $0 } == [1...1, 5...9])
            #expect(try self.scratch.load().ceiling == 9)
        }

        @Test("an empty submission is reported at once when nothing is before it, without the disk")
        func empty() throws {
            let log = Log()
            let committer = try log.committer(on: self.scratch)
            let before = try FileManager.default.attributesOfItem(atPath: self.scratch.log)[.size]
            committer.submit([], ticket: 4)
            while committer.waitingCount > 0 { usleep(100) }
            committer.stop()
            #expect(log.ranges.withLock { $0 } == [4...4])
            let after = try FileManager.default.attributesOfItem(atPath: self.scratch.log)[.size]
            #expect(before as? Int == after as? Int)
        }

        @Test(
            "D2: a failure is reported once, and nothing after it",
            .enabled(if: Scratch.canMount, "This test mounts a file system."))
        func failure() throws {
            try #require(self.scratch.mountMemory(size: "400k"))
            defer { self.scratch.unmountMemory() }
            let log = Log()
            let committer = try log.committer(on: self.scratch)
            committer.submit([.ceiling(1)], ticket: 1)
            while committer.waitingCount > 0 { usleep(100) }
            let tooMuch = DurableWrite.accepted("k", 1, Array(repeating: 1, count: 600_000))
            committer.submit([tooMuch], ticket: 2)
            for ticket in UInt64(3)...50 { committer.submit([], ticket: ticket) }
            committer.stop()
            #expect(log.ranges.withLock { $0 } == [1...1])
            #expect(log.failures.withLock { $0 } == [.full(path: self.scratch.database)])
        }

        @Test("submissions of many threads are all reported")
        func threads() throws {
            let log = Log()
            let committer = try log.committer(on: self.scratch)
            let ticket = Mutex<UInt64>(0)
            DispatchQueue.concurrentPerform(iterations: 8) { _ in
                for _ in 0..<200 {
                    ticket.withLock { number in
                        number += 1
                        committer.submit([.ceiling(number)], ticket: number)
                    }
                }
            }
            committer.stop()
            #expect(log.ranges.withLock { $0.flatMap { Array($0) } } == Array(1...1600))
        }
    }
}
