import Glibc
import Testing

/// Many connections that are open together.
final class Crowd {
    private var descriptors: [CInt] = []

    init(_ path: String, count: Int) throws {
        var address = sockaddr_un()
        address.sun_family = sa_family_t(AF_UNIX)
        withUnsafeMutableBytes(of: &address.sun_path) { $0.copyBytes(from: path.utf8) }
        let size = socklen_t(MemoryLayout<sockaddr_un>.size)
        for _ in 0..<count {
            let descriptor = socket(AF_UNIX, CInt(SOCK_STREAM.rawValue), 0)
            try #require(descriptor >= 0, "\(String(cString: strerror(errno)))")
            self.descriptors.append(descriptor)
            let result = withUnsafePointer(to: &address) {
                $0.withMemoryRebound(to: sockaddr.self, capacity: 1) {
                    connect(descriptor, $0, size)
                }
            }
            try #require(result == 0, "\(String(cString: strerror(errno)))")
        }
    }

    /// Sends the same on each connection, and returns how many were answered with 200.
    func askAll(_ request: String) -> Int {
        for descriptor in self.descriptors {
            let bytes = Array(request.utf8)
            _ = send(descriptor, bytes, bytes.count, CInt(MSG_NOSIGNAL))
        }
        return self.descriptors.count { descriptor in
            var buffer = [UInt8](repeating: 0, count: 1024)
            let count = recv(descriptor, &buffer, buffer.count, 0)
            return buffer.prefix(max(0, count)).starts(with: Array("HTTP/1.1 200".utf8))
        }
    }

    deinit {
        for descriptor in self.descriptors { close(descriptor) }
    }
}
