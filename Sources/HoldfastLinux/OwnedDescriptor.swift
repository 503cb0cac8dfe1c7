import Glibc
import Synchronization

/// A file descriptor that is closed when its last owner lets go of it, unless it was taken.
package final class OwnedDescriptor: Sendable {
    private let current: Mutex<Int32?>

    /// - Parameter number: An open descriptor, which from now on belongs to this object.
    package init(_ number: Int32) {
        self.current = Mutex(number)
    }

    /// The descriptor, still owned by this object; `nil` when it was taken or closed.
    package var number: Int32? { self.current.withLock { $0 } }

    /// Hands the descriptor over to the caller, who closes it; `nil` when it was handed over.
    package func take() -> Int32? {
        self.current.withLock { number in
            defer { number = nil }
            return number
        }
    }

    deinit {
        if let number = self.take() { Glibc.close(number) }
    }
}
