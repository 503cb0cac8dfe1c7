import CHoldfastLinux
import Glibc
import HoldfastCore

/// Polls readable once a span has passed, time in suspend included.
package final class BootTimer {
    package let number: Int32

    package init() throws(SystemCallFailure) {
        self.number = try SystemCallFailure.check("timerfd_create", holdfast_timerfd_create())
    }

    /// Replaces what was set before; `nil` sets nothing.
    package func set(_ span: Duration?) {
        if let span {
            _ = holdfast_timerfd_set(self.number, span.wholeNanoseconds)
        } else {
            _ = holdfast_timerfd_disarm(self.number)
        }
    }

    /// Takes the expiry in.
    package func drain() {
        var count: UInt64 = 0
        _ = read(self.number, &count, 8)
    }

    deinit {
        close(self.number)
    }
}
