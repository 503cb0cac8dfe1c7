import CHoldfastLinux

/// Tells when this virtual machine was paused, moved or copied unseen by its clocks (S8).
package struct VMClock {
    private let page: UnsafeRawPointer
    /// What it said when it was last asked.
    package private(set) var last: UInt64

    /// `nil` where the host offers no such clock.
    ///
    /// - Parameters:
    ///   - path: Of the device.
    ///   - last: What it said when an earlier image of this process asked; `nil`: asks now.
    package init?(path: String = "/dev/vmclock0", since last: UInt64? = nil) {
        guard let page = holdfast_vmclock_map(path) else { return nil }
        self.page = page
        self.last = last ?? holdfast_vmclock_marker(page)
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
