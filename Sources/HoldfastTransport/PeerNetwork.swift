package import HoldfastCore
package import NIOCore
internal import NIOPosix

/// Carries frames between this host and its peers, as well as the network allows.
///
/// Every host dials every other, sends only on the connection that it dialled and receives only on
/// those that were dialled to it. Frames to one peer arrive in order and once, or not at all: what
/// is sent while a peer is not up, or faster than it reads, is dropped and counted. Consensus
/// expects no more.
///
/// Confined to one event loop, on which every call is made and every callback arrives.
package final class PeerNetwork {
    package let local: HostName
    /// Where peers can reach this host; set when `start` succeeds.
    package private(set) var localAddress: PeerAddress?
    /// Connections that were closed because of what they sent, or did not send.
    package private(set) var rejectionCount: UInt64 = 0

    let incarnation: UInt64
    private let listen: PeerAddress
    private let loop: any EventLoop
    /// In the order given.
    private let names: [HostName]
    private var peers: [HostName: Peer]
    private var ungreeted: [ObjectIdentifier: any Channel] = [:]
    private var listener: (any Channel)?
    private var isStopped = false
    private var delegate: (any PeerNetworkDelegate)?

    private struct Peer {
        var link: PeerLink
        var inbound: (any Channel)?
        /// The process at the other end of `inbound`.
        var incarnation: UInt64?
    }

    /// - Parameters:
    ///   - local: The name of this host, by which peers know it.
    ///   - incarnation: Random bits of this process, by which a host that came back is told from
    ///     two hosts under one name.
    ///   - listen: With port 0, at any free port.
    ///   - peers: All other hosts; an entry for `local` is left out.
    ///   - loop: On which this call is made, too.
    ///   - delegate: Kept until `stop`.
    package init(
        local: HostName, incarnation: UInt64, listen: PeerAddress,
        peers: [(host: HostName, address: PeerAddress)], loop: any EventLoop,
        delegate: any PeerNetworkDelegate
    ) {
        loop.preconditionInEventLoop()
        self.local = local
        self.incarnation = incarnation
        self.listen = listen
        self.loop = loop
        self.delegate = delegate
        self.names = peers.map(\.host).filter { $0 != local }
        self.peers = [:]
        for peer in peers where peer.host != local {
            let greeting = Greeting(sender: local, receiver: peer.host, incarnation: incarnation)
            self.peers[peer.host] = Peer(
                link: PeerLink(to: peer.host, at: peer.address, greeting: greeting, loop: loop))
        }
    }

    /// Listens, then dials all peers.
    ///
    /// - Returns: Fails with `TransportFailure` when this host cannot listen.
    package func start() -> EventLoopFuture<Void> {
        self.loop.preconditionInEventLoop()
        let this = NIOLoopBound(self, eventLoop: self.loop)
        let bootstrap = ServerBootstrap(group: self.loop)
            .serverChannelOption(.backlog, value: 128)
            .serverChannelOption(.socketOption(.so_reuseaddr), value: 1)
            .childChannelOption(.tcpOption(.tcp_nodelay), value: 1)
            .childChannelOption(.socketOption(.so_keepalive), value: 1)
            .childChannelOption(.tcpOption(.keepAliveIdle), value: 5)
            .childChannelOption(.tcpOption(.keepAliveInterval), value: 1)
            .childChannelOption(.tcpOption(.keepAliveCount), value: 3)
            .childChannelInitializer { channel in
                channel.eventLoop.makeCompletedFuture {
                    try channel.pipeline.syncOperations.addHandler(
                        InboundHandler(network: this.value))
                }
            }
        return self.bind(bootstrap).assumeIsolated()
            .flatMapErrorThrowing { error in
                throw TransportFailure(error, listeningAt: self.listen)
            }
            .flatMapThrowing { try self.started($0) }
            .nonisolated()
    }

    /// Closes everything; no callback comes any more.
    package func stop() -> EventLoopFuture<Void> {
        self.loop.preconditionInEventLoop()
        self.isStopped = true
        self.delegate = nil
        var closings: [EventLoopFuture<Void>] = []
        for name in self.names {
            guard let peer = self.peers[name] else { continue }
            closings.append(peer.link.stop())
            if let channel = peer.inbound { closings.append(channel.close()) }
        }
        closings += self.ungreeted.values.map { $0.close() }
        if let listener = self.listener { closings.append(listener.close()) }
        return EventLoopFuture.andAllComplete(closings, on: self.loop)
    }

    /// Sends a frame, or drops it.
    ///
    /// - Parameters:
    ///   - frame: 1 to `Limits.peerFrameBytes` bytes.
    ///   - host: Dropped, too, when it is no peer.
    package func send(_ frame: [UInt8], to host: HostName) {
        self.loop.preconditionInEventLoop()
        self.peers[host]?.link.send(frame)
    }

    /// Whether frames to this host have a chance at present.
    package func isUp(_ host: HostName) -> Bool { self.peers[host]?.link.isUp ?? false }

    /// Frames to this host that were dropped since the start.
    package func droppedFrameCount(to host: HostName) -> UInt64 {
        self.peers[host]?.link.droppedFrameCount ?? 0
    }

    private func bind(_ bootstrap: ServerBootstrap) -> EventLoopFuture<any Channel> {
        if let address = try? SocketAddress(
            ipAddress: self.listen.host, port: Int(self.listen.port))
        {
            return bootstrap.bind(to: address)
        }
        return bootstrap.bind(host: self.listen.host, port: Int(self.listen.port))
    }

    private func started(_ channel: any Channel) throws(TransportFailure) {
        guard !self.isStopped else {
            channel.close(promise: nil)
            throw .stopped(self.listen)
        }
        self.listener = channel
        self.localAddress = channel.localAddress.flatMap(PeerAddress.init(socket:))
        for name in self.names { self.peers[name]?.link.start(reportingTo: self) }
    }
}

/// What connections that others dialled report.
extension PeerNetwork {
    /// Whether a connection just taken may stay until it has said who it is.
    func mayStay(_ channel: any Channel) -> Bool {
        guard !self.isStopped, self.ungreeted.count < Limits.ungreetedConnectionCount else {
            return false
        }
        self.ungreeted[ObjectIdentifier(channel)] = channel
        return true
    }

    /// Judges who says to be at the other end, and makes `channel` the one from there if all is
    /// well: a process that connects anew has lost its earlier connection.
    ///
    /// S12: of two hosts under one name the first goes on, as long as its connection stands. That
    /// of a process that ended is closed by its system; that of a machine that vanished, by the
    /// keep-alive, within 8 s.
    func judge(_ greeting: Greeting, from channel: any Channel) -> Verdict {
        guard greeting.receiver == self.local else { return .wrongReceiver }
        guard var peer = self.peers[greeting.sender] else { return .unknownSender }
        guard peer.inbound == nil || peer.incarnation == greeting.incarnation else {
            return .nameTaken
        }
        let earlier = peer.inbound
        peer.incarnation = greeting.incarnation
        peer.inbound = channel
        self.peers[greeting.sender] = peer
        self.ungreeted[ObjectIdentifier(channel)] = nil
        earlier?.close(promise: nil)
        return .welcome
    }

    /// Whether frames of `host` that come on `channel` still count.
    func isCurrent(_ channel: any Channel, of host: HostName) -> Bool {
        self.peers[host]?.inbound === channel
    }

    func received(_ frame: [UInt8], from host: HostName) {
        self.delegate?.received(frame, from: host)
    }

    func ended(_ channel: any Channel, of host: HostName?) {
        self.ungreeted[ObjectIdentifier(channel)] = nil
        if let host, self.peers[host]?.inbound === channel { self.peers[host]?.inbound = nil }
    }

    func reject(_ reason: Rejection, from address: PeerAddress?) {
        self.rejectionCount += 1
        self.delegate?.rejected(reason, from: address, count: self.rejectionCount)
    }
}

/// What connections that this host dialled report.
extension PeerNetwork {
    func linkIsUp(to host: HostName) { self.delegate?.peerUp(host) }
    func linkIsDown(to host: HostName) { self.delegate?.peerDown(host) }
    func linkRefused(_ verdict: Verdict, by host: HostName) {
        self.delegate?.refused(verdict, by: host)
    }
}
