import Glibc
import HoldfastAPI
import NIOCore
import NIOPosix
import Testing

/// A real server on a real socket in a directory of its own, with a `TestBackend` behind it.
final class TestServer: Sendable {
    let directory: String
    let socket: String
    private let loop: any EventLoop
    private let parts: NIOLoopBound<Parts>

    struct Parts {
        var backend: TestBackend
        var server: APIServer
    }

    init(
        access: APIAccess? = nil, limits: APILimits = APILimits()
    ) throws {
        var template = Array("/tmp/holdfast-api-XXXXXX".utf8CString)
        self.directory = try #require(mkdtemp(&template).map { String(cString: $0) })
        let socket = self.directory + "/holdfast.sock"
        self.socket = socket
        let loop = MultiThreadedEventLoopGroup.singleton.next()
        self.loop = loop
        self.parts = try loop.submit {
            let backend = TestBackend()
            let server = APIServer(
                path: socket, access: access ?? APIAccess(ownUserID: getuid()), limits: limits,
                backend: backend, on: loop)
            return NIOLoopBound(Parts(backend: backend, server: server), eventLoop: loop)
        }.wait()
        try self.loop.flatSubmit { [parts] in parts.value.server.listen() }.wait()
    }

    /// Does something on the server's own loop.
    func with<Value: Sendable>(_ body: @escaping @Sendable (Parts) -> Value) throws -> Value {
        try self.loop.submit { [parts] in body(parts.value) }.wait()
    }

    /// Does something on the server's own loop, without waiting for it.
    func later(_ body: @escaping @Sendable (Parts) -> Void) {
        self.loop.execute { [parts] in body(parts.value) }
    }

    /// Waits until `condition` holds on the server's loop; fails the test after five seconds.
    func until(
        _ what: String, _ condition: @escaping @Sendable (Parts) -> Bool
    ) throws {
        for _ in 0..<500 {
            if try self.with(condition) { return }
            usleep(10_000)
        }
        Issue.record("\(what) did not happen")
    }

    func stop() {
        try? self.loop.flatSubmit { [parts] in parts.value.server.stop() }.wait()
        rmdir(self.directory)
    }

    var client: APIClient { APIClient(socket: self.socket) }
}
