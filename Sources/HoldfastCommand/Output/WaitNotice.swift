internal import Glibc
internal import NIOPosix
internal import Synchronization

/// Says on a terminal what a command waits for, if it is long in coming.
final class WaitNotice: Sendable {
    private let isOver = Atomic<Bool>(false)

    /// Does `body`; `text` is what it waits for: "billing-worker to run".
    static func during<Value>(
        _ text: String, _ body: () throws -> Value
    ) rethrows -> Value {
        guard Output.errorIsTerminal else { return try body() }
        let notice = WaitNotice()
        let thread = NIOThreadPool(numberOfThreads: 1)
        thread.start()
        thread.submit { _ in
            usleep(700_000)
            if !notice.isOver.load(ordering: .acquiring) {
                Output.error("waiting for \(Printable.text(text)) (Ctrl-C gives up waiting)")
            }
        }
        defer { notice.isOver.store(true, ordering: .releasing) }
        return try body()
    }
}
