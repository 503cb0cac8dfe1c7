import HoldfastCore
import HoldfastPaxos

/// The disk of one host: what is durable, and what was asked for since.
///
/// A batch is one transaction: it is durable as a whole or not at all, and none before the one
/// asked for before it (D1). While a sync runs, whatever arrives waits for the next (D3).
struct SimulatedDisk: Sendable {
    struct Batch: Sendable {
        var writes: [DurableWrite]
        var number: UInt64
    }

    private(set) var durable: DurableState
    private(set) var syncing: [Batch] = []
    private var waiting: [Batch] = []
    var stalledUntil = VirtualTime.zero

    init(acceptor: AcceptorID) {
        self.durable = DurableState(acceptor: acceptor)
    }

    var isSyncing: Bool { !self.syncing.isEmpty }

    mutating func add(_ batch: Batch) { self.waiting.append(batch) }

    /// - Returns: Whether there is something to sync.
    mutating func beginSync() -> Bool {
        guard self.syncing.isEmpty, !self.waiting.isEmpty else { return false }
        swap(&self.syncing, &self.waiting)
        return true
    }

    /// - Returns: What is durable now, in order, and the number to report.
    mutating func endSync() -> (writes: [DurableWrite], number: UInt64)? {
        guard let last = self.syncing.last else { return nil }
        let writes = self.syncing.flatMap(\.writes)
        for write in writes { self.durable.apply(write) }
        self.syncing = []
        return (writes, last.number)
    }

    /// The process or the power went: of what was not synced some first part is there.
    ///
    /// - Returns: The writes that survived though nobody was told.
    mutating func crash(_ random: inout Randomness) -> [DurableWrite] {
        let all = self.syncing + self.waiting
        let kept = all.prefix(random.below(all.count + 1)).flatMap(\.writes)
        for write in kept { self.durable.apply(write) }
        self.syncing = []
        self.waiting = []
        return kept
    }
}
