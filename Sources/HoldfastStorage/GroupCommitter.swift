package import HoldfastPaxos

/// Makes writes durable on a thread of its own, many at a time (D3).
///
/// What is submitted while a commit runs goes into the next commit; no timer holds anything back.
/// Each submission carries a ticket, and when a commit is done one call names all tickets that it
/// served, so that one hop to the caller's event loop releases all their replies (P4).
///
/// Both callbacks run on the committer's thread and should do no more than hop away; neither may
/// call `stop`. After a failure nothing is written and nothing is reported any more.
package final class GroupCommitter: Sendable {
    private let queue: CommitQueue

    /// Starts the thread, to which `store` belongs from now on.
    ///
    /// - Parameters:
    ///   - store: Used by nobody else from now on.
    ///   - didCommit: Everything submitted under these tickets, and under all below, is durable.
    ///     Called in the order of tickets, without gaps between those that were submitted.
    ///   - onFailure: Called once at most; the caller ends the process (D2).
    /// - Throws: `.refused` when the system has no thread or descriptor to give.
    package init(
        store: sending AcceptorStore,
        didCommit: @escaping @Sendable (ClosedRange<UInt64>) -> Void,
        onFailure: @escaping @Sendable (StoreFailure) -> Void
    ) throws(StoreFailure) {
        self.queue = try CommitQueue()
        let thread = CommitterThread(
            store: store, queue: self.queue, didCommit: didCommit, onFailure: onFailure)
        try thread.start()
    }

    deinit { self.queue.close() }

    /// Submits writes; from any thread, and never waits for the disk.
    ///
    /// - Parameters:
    ///   - writes: Durable together, after everything submitted before. None means only that
    ///     `ticket` is to be reported after everything before it; at once when there is nothing.
    ///   - ticket: Greater than every ticket before it.
    package func submit(_ writes: [DurableWrite], ticket: UInt64) {
        self.queue.append(writes, ticket: ticket)
    }

    /// Submissions that are not durable yet.
    ///
    /// They are not bounded here, because nothing that was submitted can be dropped: a caller that
    /// sees this grow takes in less.
    package var waitingCount: Int { self.queue.waitingCount }

    /// Waits until all that was submitted is durable and reported, or a failure is; then the
    /// thread has ended and the store is closed.
    package func stop() {
        self.queue.close()
        self.queue.waitUntilEnded()
    }
}
