import Glibc
import HoldfastAPI
import HoldfastAPISupport
import NIOCore
import NIOPosix

/// Servers that are begun and ended at a path of the test's choice.
enum Listening {
    /// Listens at `path` for a moment.
    static func begin(at path: String) throws {
        let loop = MultiThreadedEventLoopGroup.singleton.next()
        try loop.flatSubmit {
            let server = APIServer(
                path: path, access: APIAccess(ownUserID: getuid()), backend: TestBackend(),
                on: loop)
            let bound = NIOLoopBound(server, eventLoop: loop)
            return server.listen().flatMap { bound.value.stop() }
        }.wait()
    }

    /// Leaves a socket behind that nobody listens on.
    static func leaveStale(at path: String) throws {
        let descriptor = socket(AF_UNIX, CInt(SOCK_STREAM.rawValue), 0)
        var address = sockaddr_un()
        address.sun_family = sa_family_t(AF_UNIX)
        withUnsafeMutableBytes(of: &address.sun_path) { $0.copyBytes(from: path.utf8) }
        let size = socklen_t(MemoryLayout<sockaddr_un>.size)
        _ = withUnsafePointer(to: &address) {
            $0.withMemoryRebound(to: sockaddr.self, capacity: 1) { bind(descriptor, $0, size) }
        }
        close(descriptor)
    }
}
