import CHoldfastLinux
import Glibc

/// A handle to one process, which can never come to mean another process.
///
/// Closed when the value goes away; not copyable, so that it is closed once.
package struct ProcessDescriptor: ~Copyable, Sendable {
    private let fileDescriptor: Int32

    /// - Precondition: The caller started the process and has not reaped it, or knows by other
    ///   means that it is alive. See `holdfast_pidfd_open`.
    package init(processID: Int32) throws(SystemCallFailure) {
        self.fileDescriptor = try SystemCallFailure.check(
            "pidfd_open", holdfast_pidfd_open(processID))
    }

    /// The process at the other end of a Unix socket.
    ///
    /// Linux 6.5 answers for the very process that connected or listened. Before that its number
    /// is looked up, which is sound only while it is alive: ask soon after connecting.
    init(peerOf socket: Int32) throws(SystemCallFailure) {
        let direct = holdfast_peer_pidfd(socket)
        if direct >= 0 {
            self.fileDescriptor = direct
            return
        }
        var peer = holdfast_peer()
        try SystemCallFailure.check("getsockopt", holdfast_peer(socket, &peer))
        self.fileDescriptor = try SystemCallFailure.check(
            "pidfd_open", holdfast_pidfd_open(peer.process))
    }

    package borrowing func send(signal: Int32) throws(SystemCallFailure) {
        try SystemCallFailure.check(
            "pidfd_send_signal", holdfast_pidfd_send_signal(self.fileDescriptor, signal))
    }

    /// Whether the process has ended; waits for that up to `milliseconds`.
    package borrowing func hasEnded(within milliseconds: Int32 = 0) -> Bool {
        var waiting = pollfd(fd: self.fileDescriptor, events: Int16(POLLIN), revents: 0)
        return poll(&waiting, 1, milliseconds) > 0
    }

    deinit {
        close(self.fileDescriptor)
    }
}
