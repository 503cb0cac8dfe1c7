import CHoldfastLinux
import Glibc

/// Waits for many descriptors at once (epoll); for one thread.
package final class Poller {
    package struct Event: Equatable {
        /// What `add` was given.
        package var data: UInt64
        /// Reading tells something: data, an end or an error.
        package var isReadable: Bool
        package var isWritable: Bool
    }

    private let epoll: Int32
    private var buffer = [holdfast_event](repeating: holdfast_event(), count: 64)

    package init() throws(SystemCallFailure) {
        self.epoll = try SystemCallFailure.check("epoll_create1", holdfast_epoll_create())
    }

    /// - Parameters:
    ///   - descriptor: Stays the caller's; closing it ends the watch.
    ///   - data: Comes back with each event.
    ///   - isUrgent: Wait for a change of a kernel file such as cgroup.events.
    /// - Throws: What epoll_ctl(2) failed with.
    package func add(
        _ descriptor: Int32, _ data: UInt64, isUrgent: Bool = false
    ) throws(SystemCallFailure) {
        try SystemCallFailure.check(
            "epoll_ctl", holdfast_epoll_add(self.epoll, descriptor, data, isUrgent))
    }

    package func remove(_ descriptor: Int32) {
        _ = holdfast_epoll_remove(self.epoll, descriptor)
    }

    package func setWriting(_ descriptor: Int32, _ data: UInt64, _ isWriting: Bool) {
        _ = holdfast_epoll_set_writing(self.epoll, descriptor, data, isWriting)
    }

    /// Waits, for ever if there is nothing, and calls `body` with each event of one batch.
    package func wait(_ body: (Event) -> Void) {
        let count = self.buffer.withUnsafeMutableBufferPointer { buffer in
            holdfast_epoll_wait(self.epoll, buffer.baseAddress, Int32(buffer.count), -1)
        }
        // -EINTR is a batch of none.
        for index in 0..<max(0, Int(count)) {
            let raw = self.buffer[index]
            body(Event(data: raw.data, isReadable: raw.readable, isWritable: raw.writable))
        }
    }

    deinit {
        close(self.epoll)
    }
}
