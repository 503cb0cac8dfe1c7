internal import Glibc
package import HoldfastAPI
internal import NIOCore
internal import NIOPosix

/// A real server on a real socket in a directory of its own, with a `TestBackend` behind it.
package final class TestServer: Sendable {
    package let directory: String
    package let socket: String
    private let loop: any EventLoop
    private let parts: NIOLoopBound<Parts>

    package struct Parts {
        package var backend: TestBackend
        package var server: APIServer
    }

    package init(
        access: APIAccess? = nil, limits: APILimits = APILimits()
    ) throws {
        var template = Array("/tmp/holdfast-api-XXXXXX".utf8CString)
        guard let directory = mkdtemp(&template) else { throw TestFailure("mkdtemp \(errno)") }
        self.directory = String(cString: directory)
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
    package func with<Value: Sendable>(_ body: @escaping @Sendable (Parts) -> Value) throws -> Value
    {
        try self.loop.submit { [parts] in body(parts.value) }.wait()
    }

    /// Does something on the server's own loop, without waiting for it.
    package func later(_ body: @escaping @Sendable (Parts) -> Void) {
        self.loop.execute { [parts] in body(parts.value) }
    }

    /// Waits until `condition` holds on the server's loop; throws after five seconds.
    package func until(
        _ what: String, _ condition: @escaping @Sendable (Parts) -> Bool
    ) throws {
        for _ in 0..<500 {
            if try self.with(condition) { return }
            usleep(10_000)
        }
        throw TestFailure("\(what) did not happen")
    }

    package func stop() {
        try? self.loop.flatSubmit { [parts] in parts.value.server.stop() }.wait()
        rmdir(self.directory)
    }

    package var client: APIClient { APIClient(socket: self.socket) }
}

/// What a test waited for in vain.
package struct TestFailure: Error, CustomStringConvertible {
    package let description: String

    package init(_ description: String) {
        self.description = description
    }
}
