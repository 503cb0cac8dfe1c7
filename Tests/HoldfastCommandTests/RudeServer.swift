import Glibc
import HoldfastAPISupport
import NIOPosix

/// Something at the socket that answers every connection with the same bytes, and ends it.
enum RudeServer {
    static func answering<Value>(_ answer: String, _ body: (String) throws -> Value) throws -> Value
    {
        let path = "/tmp/holdfast-rude-\(getpid())-\(UInt32.random(in: 0...UInt32.max)).sock"
        let listener = socket(AF_UNIX, CInt(SOCK_STREAM.rawValue | SOCK_CLOEXEC.rawValue), 0)
        var address = sockaddr_un()
        address.sun_family = sa_family_t(AF_UNIX)
        withUnsafeMutableBytes(of: &address.sun_path) { $0.copyBytes(from: path.utf8) }
        let size = socklen_t(MemoryLayout<sockaddr_un>.size)
        let result = withUnsafePointer(to: &address) {
            $0.withMemoryRebound(to: sockaddr.self, capacity: 1) { bind(listener, $0, size) }
        }
        guard result == 0, listen(listener, 8) == 0 else { throw TestFailure("listen \(errno)") }
        defer {
            // Wakes the accept below, which then ends its thread.
            shutdown(listener, CInt(SHUT_RDWR))
            unlink(path)
        }
        let thread = NIOThreadPool(numberOfThreads: 1)
        thread.start()
        thread.submit { _ in
            while true {
                let connection = accept(listener, nil, nil)
                guard connection >= 0 else { break }
                var buffer = [UInt8](repeating: 0, count: 65_536)
                _ = recv(connection, &buffer, buffer.count, 0)
                let bytes = Array(answer.utf8)
                _ = send(connection, bytes, bytes.count, CInt(MSG_NOSIGNAL))
                close(connection)
            }
            close(listener)
        }
        return try body(path)
    }
}
