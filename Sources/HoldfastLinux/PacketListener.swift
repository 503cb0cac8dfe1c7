import CHoldfastLinux
import Glibc

/// Listens on a Unix socket of mode 0600, alone: a second listener of the same path is refused.
package final class PacketListener {
    package enum Failure: Error, Equatable {
        /// Another process listens there.
        case inUse
        /// Something that is not a socket has that name.
        case notASocket
        case refused(SystemCallFailure)
    }

    package let number: Int32
    private let path: String
    /// Held as long as the object lives; the file stays, for removing it would race.
    private let lock: OwnedDescriptor

    /// Replaces a socket that nobody listens on any more.
    package init(path: String) throws(Failure) {
        let lock = (path + ".lock").withCString(holdfast_lock_file)
        guard lock != -EWOULDBLOCK else { throw .inUse }
        guard lock >= 0 else { throw .refused(.init(call: "open", errorNumber: -lock)) }
        self.lock = OwnedDescriptor(lock)
        self.path = path
        var status = stat()
        if lstat(path, &status) == 0 {
            guard status.st_mode & S_IFMT == S_IFSOCK else { throw .notASocket }
            unlink(path)
        }
        let number = path.withCString(holdfast_seqpacket_listen)
        guard number >= 0 else { throw .refused(.init(call: "bind", errorNumber: -number)) }
        self.number = number
    }

    /// Takes over what an earlier image of this process listened with.
    ///
    /// - Throws: ENOTSOCK or EBADF: it is not what it should be.
    package init(
        inherited number: Int32, lock: Int32, path: String
    ) throws(SystemCallFailure) {
        let listens = try SystemCallFailure.check("getsockopt", holdfast_is_listener(number))
        guard listens == 1 else { throw SystemCallFailure(call: "listen", errorNumber: EINVAL) }
        try InheritedDescriptor.adopt(lock)
        self.number = try InheritedDescriptor.adopt(number)
        self.lock = OwnedDescriptor(lock)
        self.path = path
    }

    /// What must stay open in a later image of this process: the socket, then its lock.
    package var descriptors: (socket: Int32, lock: Int32) {
        (self.number, self.lock.number ?? -1)
    }

    /// The next connection and who made it; `nil` when none waits.
    package func take() -> (socket: PacketSocket, userID: UInt32)? {
        let number = holdfast_seqpacket_accept(self.number)
        guard number >= 0 else { return nil }
        let socket = PacketSocket(number)
        var peer = holdfast_peer()
        guard holdfast_peer(number, &peer) == 0 else { return (socket, .max) }
        return (socket, peer.user)
    }

    /// A line that lasts beside the socket, for the next one who listens here.
    ///
    /// Empty where there is none, and where another user could have written it.
    package var note: String {
        get {
            var status = stat()
            guard let file = self.lock.number, fstat(file, &status) == 0,
                status.st_uid == geteuid(), status.st_mode & 0o022 == 0
            else { return "" }
            var bytes = [UInt8](repeating: 0, count: 8192)
            let count = pread(file, &bytes, bytes.count, 0)
            return String(validating: bytes.prefix(max(0, count)), as: UTF8.self) ?? ""
        }
        set {
            guard let file = self.lock.number else { return }
            let bytes = Array(newValue.utf8)
            ftruncate(file, 0)
            _ = pwrite(file, bytes, bytes.count, 0)
        }
    }

    deinit {
        unlink(self.path)
        close(self.number)
    }
}
