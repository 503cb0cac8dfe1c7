import CHoldfastLinux
package import HoldfastGuardCore

/// Takes in the ends of children.
package enum ChildReaper {
    /// Sends a signal to the child behind a process descriptor; too late is no failure.
    package static func signal(_ process: OwnedDescriptor, _ number: Int32) {
        guard let descriptor = process.number else { return }
        _ = holdfast_pidfd_send_signal(descriptor, number)
    }

    /// How the child behind a process descriptor ended; `nil` if it runs.
    ///
    /// Reaps it.
    package static func reap(_ process: OwnedDescriptor) -> RunEnd.Status? {
        var ended = holdfast_exit()
        guard let number = process.number, holdfast_reap(number, &ended) == 1 else { return nil }
        return Self.status(ended)
    }

    /// The same for a child that is certain to end: waits for it.
    package static func reapWaiting(_ process: OwnedDescriptor) -> RunEnd.Status? {
        var ended = holdfast_exit()
        guard let number = process.number, holdfast_reap_waiting(number, &ended) == 1 else {
            return nil
        }
        return Self.status(ended)
    }

    private static func status(_ ended: holdfast_exit) -> RunEnd.Status {
        let code = UInt8(truncatingIfNeeded: ended.code)
        return ended.is_signal
            ? .signalled(code, dumpedCore: ended.dumped_core) : .exited(code: code)
    }

    /// The number of some child that has ended and is not reaped; `nil` when there is none.
    package static func peek() -> Int32? {
        let number = holdfast_peek_ended_child()
        return number > 0 ? number : nil
    }

    /// Reaps an orphan that became our child.
    package static func discard(_ processID: Int32) {
        _ = holdfast_reap_number(processID)
    }
}
