internal import Glibc
internal import HoldfastCore

/// Loopback ports that nobody listens on.
enum DevPorts {
    /// Below the range from which the system takes ports for outgoing connections.
    static let firstByDefault: UInt16 = 7411

    /// The next `count` free ports from `first` on.
    static func free(_ count: Int, from first: UInt16) throws(CommandFailure) -> [UInt16] {
        var found: [UInt16] = []
        var candidate = UInt32(first)
        while found.count < count, candidate <= UInt32(UInt16.max) {
            if Self.isFree(UInt16(candidate)) { found.append(UInt16(candidate)) }
            candidate += 1
        }
        guard found.count == count else {
            throw CommandFailure(
                what: "cannot find \(count) free ports", why: "none are left above \(first)",
                next: "give a lower --base-port", exitStatus: .unavailable)
        }
        return found
    }

    static func isFree(_ port: UInt16) -> Bool {
        let descriptor = socket(AF_INET, CInt(SOCK_STREAM.rawValue | SOCK_CLOEXEC.rawValue), 0)
        guard descriptor >= 0 else { return false }
        defer { close(descriptor) }
        // As the agent does, so that what lingers after an earlier one doesn't count.
        var yes: CInt = 1
        setsockopt(descriptor, SOL_SOCKET, SO_REUSEADDR, &yes, socklen_t(MemoryLayout<CInt>.size))
        var address = sockaddr_in()
        address.sin_family = sa_family_t(AF_INET)
        address.sin_port = port.bigEndian
        address.sin_addr.s_addr = UInt32(0x7F00_0001).bigEndian
        let size = socklen_t(MemoryLayout<sockaddr_in>.size)
        return withUnsafePointer(to: &address) {
            $0.withMemoryRebound(to: sockaddr.self, capacity: 1) { bind(descriptor, $0, size) }
        } == 0
    }
}
