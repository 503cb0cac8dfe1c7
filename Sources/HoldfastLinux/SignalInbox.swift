import CHoldfastLinux
import Glibc

/// Signals of this process as something to read.
///
/// Make it before any other thread exists: the signals are blocked for the calling thread and
/// those it starts.
package final class SignalInbox {
    package enum Signal: Equatable {
        /// SIGTERM or SIGINT.
        case terminate
        /// SIGHUP.
        case replace
        case childEnded
    }

    package let number: Int32

    /// - Parameter watchesChildren: Whether SIGCHLD is wanted, too.
    /// - Throws: What signalfd(2) failed with.
    package init(watchesChildren: Bool) throws(SystemCallFailure) {
        self.number = try SystemCallFailure.check(
            "signalfd", holdfast_signalfd_create(watchesChildren))
    }

    /// The next that came; `nil` when there is none.
    package func next() -> Signal? {
        switch holdfast_signalfd_read(self.number) {
        case 0: nil
        case SIGCHLD: .childEnded
        case SIGHUP: .replace
        default: .terminate
        }
    }

    deinit {
        close(self.number)
    }
}
