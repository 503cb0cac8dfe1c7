import Foundation
import Synchronization

/// Threads that do something at the same moment; a blocking call needs one of its own.
enum Crowd {
    /// - Returns: What each gave back, in the order of their numbers.
    static func run<Result: Sendable>(
        _ count: Int, _ body: @escaping @Sendable (Int) -> Result
    ) -> [Result] {
        let results = Mutex([Int: Result]())
        let done = DispatchSemaphore(value: 0)
        for number in 0..<count {
            Thread.detachNewThread {
                let result = body(number)
                results.withLock { $0[number] = result }
                done.signal()
            }
        }
        for _ in 0..<count { done.wait() }
        return results.withLock { results in (0..<count).compactMap { results[$0] } }
    }
}
