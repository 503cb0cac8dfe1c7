internal import HoldfastCore
internal import NIOCore
internal import NIOPosix

/// The way to one peer: dials, greets, sends, and dials again.
///
///                  connected              welcome
///     dialling ──────────────▶ greeting ──────────▶ up
///        ▲  │ failed               │ ended            │ ended
///        │  ▼                      ▼                  │
///      waiting ◀──────────────────────────────────────┘
///
/// Each try has a number; what an earlier try still reports is dropped. Confined to its event loop.
final class PeerLink {
    private enum Phase {
        case idle
        case dialling
        case greeting(any Channel, deadline: Scheduled<Void>)
        case up(any Channel, since: NIODeadline)
        case waiting(Scheduled<Void>)
        case stopped
    }

    let host: HostName
    private(set) var droppedFrameCount: UInt64 = 0

    private let address: PeerAddress
    private let greeting: Greeting
    private let loop: any EventLoop
    private var network: PeerNetwork?
    private var phase = Phase.idle
    private var attempt: UInt64 = 0
    private var backoff = Backoff()
    /// Frames of this turn of the event loop, written together at its end: ten frames at once
    /// then cost a quarter of the time, and one costs 1 us more.
    private var unwritten = ByteBuffer()
    /// Bytes of the present connection that its socket has not taken yet.
    private var unsentByteCount = 0

    /// A connection that was up for less does not count as a success.
    private static let provenTime = TimeAmount.seconds(1)
    private static let connectTime = TimeAmount.seconds(1)
    /// What is unacknowledged for so many milliseconds ends the connection.
    ///
    /// Without it, a peer that the network gives back would wait for our next retransmission, up
    /// to two minutes.
    private static let unacknowledgedTime = 3000

    init(to host: HostName, at address: PeerAddress, greeting: Greeting, loop: any EventLoop) {
        self.host = host
        self.address = address
        self.greeting = greeting
        self.loop = loop
    }

    var isUp: Bool {
        if case .up = self.phase { true } else { false }
    }

    func start(reportingTo network: PeerNetwork) {
        self.network = network
        self.dial()
    }

    /// Ends for ever; complete when the connection is closed, if there is one.
    func stop() -> EventLoopFuture<Void> {
        let phase = self.phase
        self.network = nil
        self.attempt += 1
        self.phase = .stopped
        switch phase {
        case .greeting(let channel, let deadline):
            deadline.cancel()
            return channel.close()
        case .up(let channel, _): return channel.close()
        case .waiting(let timer): timer.cancel()
        case .idle, .dialling, .stopped: break
        }
        return self.loop.makeSucceededVoidFuture()
    }

    func send(_ frame: [UInt8]) {
        precondition(
            (1...Limits.peerFrameBytes).contains(frame.count), "a frame has 1 byte to 1 MiB")
        guard case .up = self.phase,
            self.unsentByteCount + frame.count + 4 <= Limits.peerBacklogBytes
        else {
            self.droppedFrameCount += 1
            return
        }
        self.unsentByteCount += frame.count + 4
        let isFirst = self.unwritten.readableBytes == 0
        self.unwritten.writeFrame(frame)
        guard isFirst else { return }
        let attempt = self.attempt
        self.loop.assumeIsolated().execute {
            if attempt == self.attempt { self.flush() }
        }
    }

    private func flush() {
        guard case .up(let channel, _) = self.phase else { return }
        let bytes = self.unwritten
        self.unwritten = ByteBuffer()
        let attempt = self.attempt
        channel.writeAndFlush(bytes).assumeIsolated().whenComplete { _ in
            if attempt == self.attempt { self.unsentByteCount -= bytes.readableBytes }
        }
    }

    private func dial() {
        if case .stopped = self.phase { return }
        self.attempt += 1
        self.phase = .dialling
        let attempt = self.attempt
        let this = NIOLoopBound(self, eventLoop: self.loop)
        let bootstrap = ClientBootstrap(group: self.loop)
            .connectTimeout(Self.connectTime)
            .channelOption(.tcpOption(.tcp_nodelay), value: 1)
            .channelOption(.tcpOption(.userTimeout), value: Self.unacknowledgedTime)
            .channelOption(.socketOption(.so_keepalive), value: 1)
            .channelInitializer { channel in
                channel.eventLoop.makeCompletedFuture {
                    try channel.pipeline.syncOperations.addHandler(
                        OutboundHandler(link: this.value, attempt: attempt))
                }
            }
        self.connect(bootstrap).assumeIsolated().whenComplete { result in
            switch result {
            case .success(let channel): self.connected(channel, attempt: attempt)
            case .failure: self.ended(attempt: attempt)
            }
        }
    }

    private func connect(_ bootstrap: ClientBootstrap) -> EventLoopFuture<any Channel> {
        if let address = try? SocketAddress(
            ipAddress: self.address.host, port: Int(self.address.port))
        {
            return bootstrap.connect(to: address)
        }
        return bootstrap.connect(host: self.address.host, port: Int(self.address.port))
    }

    private func connected(_ channel: any Channel, attempt: UInt64) {
        guard attempt == self.attempt, case .dialling = self.phase, channel.isActive else {
            channel.close(promise: nil)
            return
        }
        let deadline = self.loop.assumeIsolated().scheduleTask(in: InboundHandler.greetingTime) {
            if attempt == self.attempt { channel.close(promise: nil) }
        }
        self.phase = .greeting(channel, deadline: deadline)
        var buffer = ByteBuffer()
        buffer.writeFrame(self.greeting.bytes)
        channel.writeAndFlush(buffer, promise: nil)
    }
}

/// What the handler of a connection reports.
extension PeerLink {
    /// - Returns: Whether the connection may go on.
    func answered(_ verdict: Verdict, attempt: UInt64) -> Bool {
        guard attempt == self.attempt, case .greeting(let channel, let deadline) = self.phase
        else { return false }
        deadline.cancel()
        guard verdict == .welcome else {
            self.network?.linkRefused(verdict, by: self.host)
            return false
        }
        self.phase = .up(channel, since: .now())
        self.unsentByteCount = 0
        self.unwritten = ByteBuffer()
        self.network?.linkIsUp(to: self.host)
        return true
    }

    func reject(_ reason: Rejection, attempt: UInt64) {
        guard attempt == self.attempt else { return }
        self.network?.reject(reason, from: self.address)
    }

    /// The connection, or the try to make one, is over.
    func ended(attempt: UInt64) {
        guard attempt == self.attempt else { return }
        self.attempt += 1
        var wasUp = false
        switch self.phase {
        case .stopped: return
        case .greeting(_, let deadline): deadline.cancel()
        case .up(_, let since):
            wasUp = true
            if since + Self.provenTime <= .now() { self.backoff = Backoff() }
        case .idle, .dialling, .waiting: break
        }
        var generator = SystemRandomNumberGenerator()
        let delay = self.backoff.next(using: &generator)
        let timer = self.loop.assumeIsolated().scheduleTask(in: .nanoseconds(delay)) {
            self.dial()
        }
        self.phase = .waiting(timer)
        if wasUp { self.network?.linkIsDown(to: self.host) }
    }
}
