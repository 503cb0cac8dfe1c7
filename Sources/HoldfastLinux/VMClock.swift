import CHoldfastLinux

/// Tells when this virtual machine was paused, moved or copied unseen by its clocks (S8).
package struct VMClock {
    private let page: UnsafeRawPointer
    private var last: UInt64

    /// `nil` where the host offers no such clock.
    package init?(path: String = "/dev/vmclock0") {
        guard let page = holdfast_vmclock_map(path) else { return nil }
        self.page = page
        self.last = holdfast_vmclock_marker(page)
    }

    /// Whether it happened since this was last asked.
    ///
    /// A read of memory, no system call.
    package mutating func wasDisrupted() -> Bool {
        let present = holdfast_vmclock_marker(self.page)
        defer { self.last = present }
        return present != self.last
    }
}
