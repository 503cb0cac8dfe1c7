internal import CHoldfastStorage
internal import Glibc

/// The thread that commits; it alone uses the store.
///
/// A thread of the system and not of the cooperative pool, which has as many threads as there are
/// cores, and which a few slow fsyncs would stop.
final class CommitterThread {
    private let store: AcceptorStore
    private let queue: CommitQueue
    private let didCommit: @Sendable (ClosedRange<UInt64>) -> Void
    private let onFailure: @Sendable (StoreFailure) -> Void

    init(
        store: AcceptorStore, queue: CommitQueue,
        didCommit: @escaping @Sendable (ClosedRange<UInt64>) -> Void,
        onFailure: @escaping @Sendable (StoreFailure) -> Void
    ) {
        self.store = store
        self.queue = queue
        self.didCommit = didCommit
        self.onFailure = onFailure
    }

    /// Starts the thread, to which this object belongs from then on.
    func start() throws(StoreFailure) {
        var thread = pthread_t()
        let context = Unmanaged.passRetained(self).toOpaque()
        // Signals are for the other threads; a thread inherits the mask of its creator.
        var (every, before) = (sigset_t(), sigset_t())
        sigfillset(&every)
        pthread_sigmask(SIG_SETMASK, &every, &before)
        let result = pthread_create(
            &thread, nil,
            { @Sendable context in
                guard let context else { return nil }
                CommitterThread.main(Unmanaged.fromOpaque(context))
                return nil
            }, context)
        pthread_sigmask(SIG_SETMASK, &before, nil)
        guard result == 0 else {
            Unmanaged<CommitterThread>.fromOpaque(context).release()
            throw .refused(.startThread, path: "(thread)", errorNumber: result)
        }
        pthread_detach(thread)
    }

    /// Commits until the queue ends or the store fails; the store is closed before `end`.
    private static func main(_ context: Unmanaged<CommitterThread>) {
        holdfast_name_this_thread("holdfast-store")
        let queue: CommitQueue
        do {
            let thread = context.takeRetainedValue()
            queue = thread.queue
            thread.run()
        }
        queue.end()
    }

    private func run() {
        do throws(StoreFailure) {
            while let batch = self.queue.take() {
                try self.store.commit(batch.writes)
                self.queue.finish(batch)
                self.didCommit(batch.tickets)
                // Replies are on their way while this runs.
                try self.store.checkpointIfDue()
            }
        } catch {
            self.queue.fail()
            self.onFailure(error)
        }
    }
}
