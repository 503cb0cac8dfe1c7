import Glibc
import HoldfastTransport

/// A plain socket on the loopback interface, for ends that do not keep the rules.
final class RawSocket {
    let descriptor: CInt
    private(set) var port: UInt16 = 0

    private struct Failure: Error { var errorNumber = errno }

    /// Connects to a port.
    init(to port: UInt16) throws {
        self.descriptor = socket(AF_INET, CInt(SOCK_STREAM.rawValue), 0)
        try self.setReadTime(seconds: 10)
        let result = Self.withAddress(port) { connect(self.descriptor, $0, $1) }
        guard result == 0 else { throw Failure() }
    }

    /// Listens on a free port, or on `port`, with a small receive buffer.
    init(listeningAt port: UInt16 = 0) throws {
        self.descriptor = socket(AF_INET, CInt(SOCK_STREAM.rawValue), 0)
        var one: CInt = 1
        setsockopt(self.descriptor, SOL_SOCKET, SO_REUSEADDR, &one, 4)
        var bytes: CInt = 4096
        setsockopt(self.descriptor, SOL_SOCKET, SO_RCVBUF, &bytes, 4)
        try self.setReadTime(seconds: 10)
        guard Self.withAddress(port, { bind(self.descriptor, $0, $1) }) == 0,
            Glibc.listen(self.descriptor, 64) == 0
        else { throw Failure() }
        var address = sockaddr_in()
        var length = socklen_t(MemoryLayout<sockaddr_in>.size)
        withUnsafeMutablePointer(to: &address) {
            $0.withMemoryRebound(to: sockaddr.self, capacity: 1) {
                _ = getsockname(self.descriptor, $0, &length)
            }
        }
        self.port = UInt16(bigEndian: address.sin_port)
    }

    private init(taking descriptor: CInt) throws {
        self.descriptor = descriptor
        guard descriptor >= 0 else { throw Failure() }
        try self.setReadTime(seconds: 10)
    }

    deinit { close(self.descriptor) }

    /// A port that was free a moment ago.
    static func freePort() throws -> UInt16 { try RawSocket(listeningAt: 0).port }

    func takeConnection() throws -> RawSocket {
        try RawSocket(taking: accept(self.descriptor, nil, nil))
    }

    /// Sends what the other end takes; false once it has closed.
    @discardableResult
    func send(_ bytes: [UInt8]) -> Bool {
        Glibc.send(self.descriptor, bytes, bytes.count, CInt(MSG_NOSIGNAL)) == bytes.count
    }

    /// Reads up to `count` bytes; fewer at the end of the connection or after 10 s.
    func read(_ count: Int) -> [UInt8] {
        var bytes: [UInt8] = []
        var part = [UInt8](repeating: 0, count: count)
        while bytes.count < count {
            let size = recv(self.descriptor, &part, count - bytes.count, 0)
            guard size > 0 else { break }
            bytes += part[..<size]
        }
        return bytes
    }

    /// Whether the other end closes the connection within 10 s.
    var isClosedByPeer: Bool {
        var byte: UInt8 = 0
        while true {
            let size = recv(self.descriptor, &byte, 1, 0)
            if size == 0 { return true }
            if size < 0 { return errno == ECONNRESET }
        }
    }

    private func setReadTime(seconds: Int) throws {
        var time = timeval(tv_sec: seconds, tv_usec: 0)
        let size = socklen_t(MemoryLayout<timeval>.size)
        guard setsockopt(self.descriptor, SOL_SOCKET, SO_RCVTIMEO, &time, size) == 0 else {
            throw Failure()
        }
    }

    private static func withAddress(
        _ port: UInt16, _ body: (UnsafePointer<sockaddr>, socklen_t) -> CInt
    ) -> CInt {
        var address = sockaddr_in()
        address.sin_family = sa_family_t(AF_INET)
        address.sin_port = port.bigEndian
        address.sin_addr.s_addr = UInt32(0x7F00_0001).bigEndian
        return withUnsafePointer(to: &address) {
            $0.withMemoryRebound(to: sockaddr.self, capacity: 1) {
                body($0, socklen_t(MemoryLayout<sockaddr_in>.size))
            }
        }
    }
}

/// Bytes of the peer protocol, written out by hand.
enum Bytes {
    static func frame(_ payload: [UInt8]) -> [UInt8] {
        let count = UInt32(payload.count)
        return (0..<4).map { UInt8(truncatingIfNeeded: count >> UInt32(8 * $0)) } + payload
    }

    static func greeting(
        _ sender: String, to receiver: String, incarnation: UInt8 = 1, version: UInt8 = 1
    ) -> [UInt8] {
        let names = [sender, receiver].flatMap { [UInt8($0.utf8.count)] + Array($0.utf8) }
        return Self.frame(
            Array("HOLDFAST".utf8) + [version, 0, incarnation, 0, 0, 0, 0, 0, 0, 0] + names)
    }

    static func answer(_ verdict: UInt8) -> [UInt8] {
        Self.frame(Array("HOLDFAST".utf8) + [1, 0, verdict])
    }
}
