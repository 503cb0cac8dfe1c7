import Glibc

/// A connection from somebody who does not keep the rules.
final class Stranger {
    private let descriptor: Int32

    /// To a port of the loopback interface.
    init(port: UInt16) throws {
        self.descriptor = socket(
            AF_INET, Int32(SOCK_STREAM.rawValue) | Int32(SOCK_CLOEXEC.rawValue), 0)
        self.limitWaiting()
        guard Loopback.withAddress(port, { connect(self.descriptor, $0, $1) }) == 0 else {
            throw Trouble("cannot connect to port \(port)")
        }
    }

    /// To a Unix socket, of packets where the guard listens.
    init(path: String, packets: Bool = false) throws {
        let kind = packets ? SOCK_SEQPACKET : SOCK_STREAM
        self.descriptor = socket(
            AF_UNIX, Int32(kind.rawValue) | Int32(SOCK_CLOEXEC.rawValue), 0)
        self.limitWaiting()
        var address = sockaddr_un()
        address.sun_family = sa_family_t(AF_UNIX)
        withUnsafeMutableBytes(of: &address.sun_path) { $0.copyBytes(from: Array(path.utf8)) }
        let length = socklen_t(MemoryLayout<sockaddr_un>.size)
        let result = withUnsafePointer(to: &address) { pointer in
            pointer.withMemoryRebound(to: sockaddr.self, capacity: 1) {
                connect(self.descriptor, $0, length)
            }
        }
        guard result == 0 else { throw Trouble("cannot connect to \(path)") }
    }

    deinit { close(self.descriptor) }

    /// Sends as much as the other end takes.
    func send(_ bytes: [UInt8]) {
        var rest = bytes[...]
        while !rest.isEmpty {
            let count = rest.withUnsafeBytes {
                Glibc.send(self.descriptor, $0.baseAddress, $0.count, Int32(MSG_NOSIGNAL))
            }
            guard count > 0 else { return }
            rest = rest.dropFirst(count)
        }
    }

    /// Whether the other end closes within the time that reads wait, whatever it says before.
    var isClosed: Bool {
        var part = [UInt8](repeating: 0, count: 4096)
        while true {
            let count = recv(self.descriptor, &part, part.count, 0)
            if count == 0 { return true }
            if count < 0 { return errno == ECONNRESET || errno == EPIPE }
        }
    }

    private func limitWaiting() {
        var limit = timeval(tv_sec: 10, tv_usec: 0)
        for option in [SO_RCVTIMEO, SO_SNDTIMEO] {
            setsockopt(
                self.descriptor, SOL_SOCKET, option, &limit,
                socklen_t(MemoryLayout<timeval>.size))
        }
    }
}
