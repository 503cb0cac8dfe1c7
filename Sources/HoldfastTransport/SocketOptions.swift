internal import HoldfastCore
internal import NIOCore

/// Options of tcp(7) that NIO has no name for; the numbers are those of Linux.
extension NIOBSDSocket.Option {
    static var keepAliveIdle: Self { Self(rawValue: 4) }
    static var keepAliveInterval: Self { Self(rawValue: 5) }
    static var keepAliveCount: Self { Self(rawValue: 6) }
    /// In milliseconds; also ends a connection whose receiver keeps its window shut for so long.
    static var userTimeout: Self { Self(rawValue: 18) }
}

extension PeerAddress {
    init?(socket: SocketAddress) {
        guard let host = socket.ipAddress, let port = socket.port.flatMap(UInt16.init(exactly:)),
            let address = try? PeerAddress(host: host, port: port)
        else { return nil }
        self = address
    }
}
