import CHoldfastLinux
package import HoldfastCore

/// The kernel's own hand on this process: when it expires, SIGKILL, whatever the process does (G4).
///
/// It lasts as long as the process; not across execve(2), where `StandIn` takes over.
package struct KernelTimer {
    private let timer: Int32
    /// When it expires; `nil` while it is not armed.
    package private(set) var deadline: Moment?

    /// Unarmed at first.
    package init() throws(SystemCallFailure) {
        var timer: Int32 = 0
        try SystemCallFailure.check("timer_create", holdfast_killer_create(&timer))
        self.timer = timer
    }

    /// Moves the expiry.
    ///
    /// Allocates nothing.
    package mutating func arm(_ moment: Moment) throws(SystemCallFailure) {
        // 0 would disarm it.
        try SystemCallFailure.check(
            "timer_settime", holdfast_killer_set(self.timer, max(1, moment.boot)))
        self.deadline = moment
    }

    package mutating func disarm() {
        _ = holdfast_killer_set(self.timer, 0)
        self.deadline = nil
    }
}
