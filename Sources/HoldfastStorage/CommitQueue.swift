internal import Glibc
internal import HoldfastPaxos
internal import Synchronization

/// What waits between those who submit and the one thread that commits.
///
/// The thread sleeps in a read of a pipe, into which a byte is written when there is something to
/// wake up for: a submission to a sleeping thread, or the end.
final class CommitQueue: Sendable {
    struct Batch {
        var writes: [DurableWrite]
        var tickets: ClosedRange<UInt64>
        var submissionCount: Int
    }

    private struct State {
        var next: Batch?
        var lastTicket: UInt64?
        var waitingCount = 0
        var isAsleep = false
        var isClosed = false
        var hasFailed = false
    }

    private let state = Mutex(State())
    private let wakeUps: Pipe
    /// At its end once the thread has ended.
    private let ending: Pipe

    init() throws(StoreFailure) {
        self.wakeUps = try Pipe()
        self.ending = try Pipe()
    }

    var waitingCount: Int { self.state.withLock { $0.waitingCount } }

    func append(_ writes: [DurableWrite], ticket: UInt64) {
        let mustWake = self.state.withLock { state in
            precondition(state.lastTicket.map { $0 < ticket } ?? true, "tickets must rise")
            state.lastTicket = ticket
            guard !state.isClosed, !state.hasFailed else { return false }
            state.waitingCount += 1
            if let batch = state.next {
                state.next?.writes.append(contentsOf: writes)
                state.next?.tickets = batch.tickets.lowerBound...ticket
                state.next?.submissionCount += 1
            } else {
                state.next = Batch(writes: writes, tickets: ticket...ticket, submissionCount: 1)
            }
            defer { state.isAsleep = false }
            return state.isAsleep
        }
        if mustWake { self.wakeUps.write() }
    }

    /// Takes nothing more; what was submitted is still committed.
    func close() {
        let mustWake = self.state.withLock { state in
            state.isClosed = true
            defer { state.isAsleep = false }
            return state.isAsleep
        }
        if mustWake { self.wakeUps.write() }
    }

    /// For the thread: all that waits, or `nil` when the queue is closed and empty.
    ///
    /// Sleeps until there is one of the two.
    func take() -> Batch? {
        while true {
            let (batch, isClosed) = self.state.withLock { state in
                let batch = state.next
                state.next = nil
                state.isAsleep = batch == nil && !state.isClosed
                return (batch, state.isClosed)
            }
            if let batch { return batch }
            if isClosed { return nil }
            self.wakeUps.read()
        }
    }

    /// For the thread: the batch is durable.
    func finish(_ batch: Batch) {
        self.state.withLock { $0.waitingCount -= batch.submissionCount }
    }

    /// For the thread: nothing will be committed any more.
    func fail() {
        self.state.withLock { state in
            state.hasFailed = true
            state.next = nil
        }
    }

    /// For the thread: its last act.
    func end() { self.ending.write() }

    func waitUntilEnded() {
        self.ending.read()
        // For whoever asks next.
        self.ending.write()
    }
}
