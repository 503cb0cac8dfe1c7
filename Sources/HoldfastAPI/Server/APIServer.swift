internal import Glibc
package import NIOCore
internal import NIOHTTP1
internal import NIOPosix

/// The HTTP API on a Unix socket, served on one event loop.
///
/// Confined to that loop: made on it, used on it, and its backend is called on it.
package final class APIServer {
    package let path: String
    package let limits: APILimits
    package let access: APIAccess
    /// How often each incident happened since the start.
    package private(set) var counts: [APIIncident: UInt64] = [:]
    /// Connections open now.
    package var connectionCount: Int { self.connections.count }

    let backend: any HostBackend
    let loop: any EventLoop
    private let onIncident: (APIIncident, UInt64) -> Void
    private var connections: [ObjectIdentifier: any Channel] = [:]
    private var listener: (any Channel)?
    private var bodyBytes = 0

    /// Makes a server that doesn't serve yet.
    ///
    /// The socket's `path` has at most 107 bytes. `onIncident` is called on the loop with what
    /// happened and how often by now, to be logged.
    package init(
        path: String, access: APIAccess, limits: APILimits = APILimits(),
        backend: any HostBackend, on loop: any EventLoop,
        onIncident: @escaping (APIIncident, UInt64) -> Void = { _, _ in }
    ) {
        loop.preconditionInEventLoop()
        self.path = path
        self.access = access
        self.limits = limits
        self.backend = backend
        self.loop = loop
        self.onIncident = onIncident
    }

    /// Begins to serve.
    ///
    /// A socket that nobody listens on is replaced; a live one is refused: the
    /// future fails with `APIListenFailure`.
    package func listen() -> EventLoopFuture<Void> {
        do {
            try APISocket.makeRoom(at: self.path)
        } catch {
            return self.loop.makeFailedFuture(error)
        }
        let bound = NIOLoopBound(self, eventLoop: self.loop)
        return ServerBootstrap(group: self.loop)
            .serverChannelOption(.backlog, value: 1024)
            .childChannelInitializer { channel in
                channel.eventLoop.makeCompletedFuture { try bound.value.admit(channel) }
            }
            .bind(unixDomainSocketPath: self.path)
            .flatMapThrowing { channel in
                let server = bound.value
                server.listener = channel
                let mode: mode_t = server.access.othersLook ? 0o666 : 0o660
                guard chmod(server.path, mode) == 0 else {
                    throw APIListenFailure(path: server.path, errorNumber: errno)
                }
            }
            .flatMapErrorThrowing { [path = self.path] error in
                throw APIListenFailure(path: path, error)
            }
    }

    /// Ends every connection and removes the socket.
    package func stop() -> EventLoopFuture<Void> {
        guard let listener = self.listener else { return self.loop.makeSucceededVoidFuture() }
        self.listener = nil
        unlink(self.path)
        let channels = [listener] + self.connections.values
        return .andAllComplete(channels.map { $0.close() }, on: self.loop)
    }

    func note(_ incident: APIIncident) {
        let count = self.counts[incident, default: 0] + 1
        self.counts[incident] = count
        self.onIncident(incident, count)
    }

    /// Room for `count` more bytes of bodies; to be given back by `release`.
    func reserve(_ count: Int) -> Bool {
        guard self.bodyBytes + count <= self.limits.bodyBytesInAll else { return false }
        self.bodyBytes += count
        return true
    }

    func release(_ count: Int) {
        self.bodyBytes -= count
    }

    private func admit(_ channel: any Channel) throws {
        guard self.connections.count < self.limits.connectionCount else {
            self.note(.tooManyConnections)
            throw APIRefusal.tooManyConnections
        }
        let pipeline = channel.pipeline.syncOperations
        let peer = try pipeline.withUnsafeTransportIfAvailable(of: CInt.self) { descriptor in
            PeerCredentials.of(socket: descriptor)
        }
        guard case let peer?? = peer else { throw APIRefusal.unknownPeer }

        let identity = ObjectIdentifier(channel)
        self.connections[identity] = channel
        let bound = NIOLoopBound(self, eventLoop: self.loop)
        channel.closeFuture.whenComplete { _ in
            bound.value.connections.removeValue(forKey: identity)
        }
        var bounds = NIOHTTPDecoderLimitConfiguration()
        bounds.maxHeaderFieldSize = self.limits.headerBytes
        bounds.maxHeaderListSize = self.limits.headerBytes
        bounds.maxHeaderFieldCount = self.limits.headerCount
        let decoder = HTTPRequestDecoder(
            leftOverBytesStrategy: .dropBytes, limitConfiguration: bounds)
        try pipeline.addHandlers([
            HTTPResponseEncoder(), ByteToMessageHandler(decoder), HTTPServerPipelineHandler(),
            APIConnection(server: self, peer: peer),
        ])
    }
}

/// Why a connection was closed before it began.
enum APIRefusal: Error {
    case tooManyConnections
    case unknownPeer
}
