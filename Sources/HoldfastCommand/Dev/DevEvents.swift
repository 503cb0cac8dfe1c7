internal import Glibc
internal import HoldfastAPI
internal import NIOPosix
internal import Synchronization

/// Tells the events of the cluster, from whichever of its hosts answers.
struct DevEvents {
    /// Begins on a thread of its own, which ends with the process.
    static func follow(
        _ sockets: [String], _ tell: @escaping @Sendable (EventDocument) -> Void
    ) {
        let filter = Mutex(DevEventFilter())
        let once: @Sendable (EventDocument) -> Void = { event in
            if filter.withLock({ $0.isNew(event) }) { tell(event) }
        }
        let thread = NIOThreadPool(numberOfThreads: 1)
        thread.start()
        thread.submit { _ in
            var turn = 0
            while true {
                let client = APIClient(socket: sockets[turn % sockets.count])
                // Why it ended doesn't matter: the next host is asked, then this one again.
                try? client.followEvents(since: 0, once)
                turn += 1
                usleep(200_000)
            }
        }
    }
}
