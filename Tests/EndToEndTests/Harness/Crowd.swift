import Foundation
import Synchronization

/// Threads that do something at the same time; a blocking call needs one of its own.
final class Crowd<Result: Sendable>: Sendable {
    private let results = Mutex([Int: Result]())
    private let done = DispatchSemaphore(value: 0)
    private let count: Int

    /// Begins; `body` gets the number of its thread, from 0.
    init(_ count: Int, _ body: @escaping @Sendable (Int) -> Result) {
        self.count = count
        for number in 0..<count {
            Thread.detachNewThread {
                let result = body(number)
                self.results.withLock { $0[number] = result }
                self.done.signal()
            }
        }
    }

    /// Waits for all; what each gave back, in the order of their numbers.
    func join() -> [Result] {
        for _ in 0..<self.count { self.done.wait() }
        return self.results.withLock { results in
            (0..<self.count).compactMap { results[$0] }
        }
    }
}
