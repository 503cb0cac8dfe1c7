import Glibc

/// Ports of the loopback interface on which nobody listens.
enum FreePorts {
    /// Below those that the system gives to outgoing connections.
    private static let range: Range<UInt16> = 12_000..<30_000

    static func take(_ count: Int) throws(Trouble) -> [UInt16] {
        var ports: [UInt16] = []
        for _ in 0..<1000 where ports.count < count {
            let port = UInt16.random(in: Self.range)
            if !ports.contains(port), Self.isFree(port) { ports.append(port) }
        }
        guard ports.count == count else { throw Trouble("there is no free port") }
        return ports
    }

    private static func isFree(_ port: UInt16) -> Bool {
        let file = socket(AF_INET, Int32(SOCK_STREAM.rawValue) | Int32(SOCK_CLOEXEC.rawValue), 0)
        defer { close(file) }
        var address = sockaddr_in()
        address.sin_family = sa_family_t(AF_INET)
        address.sin_port = port.bigEndian
        address.sin_addr.s_addr = UInt32(0x7F00_0001).bigEndian
        return withUnsafePointer(to: &address) { pointer in
            pointer.withMemoryRebound(to: sockaddr.self, capacity: 1) {
                bind(file, $0, socklen_t(MemoryLayout<sockaddr_in>.size)) == 0
            }
        }
    }
}
