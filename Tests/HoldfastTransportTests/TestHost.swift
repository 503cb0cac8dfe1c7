import HoldfastCore
import HoldfastTransport
import NIOCore
import NIOPosix
import Synchronization
import Testing

/// What a network told its delegate, in order.
final class Recorder: PeerNetworkDelegate, Sendable {
    enum Event: Equatable {
        case frame([UInt8], from: String)
        case up(String)
        case down(String)
        case rejected(Rejection)
        case refused(Verdict, by: String)
    }

    private let log = Mutex<[Event]>([])

    var events: [Event] { self.log.withLock { $0 } }

    var frames: [[UInt8]] {
        self.events.compactMap { if case .frame(let frame, _) = $0 { frame } else { nil } }
    }

    var rejections: [Rejection] {
        self.events.compactMap { if case .rejected(let reason) = $0 { reason } else { nil } }
    }

    func received(_ frame: [UInt8], from host: HostName) {
        self.add(.frame(frame, from: host.text))
    }
    func peerUp(_ host: HostName) { self.add(.up(host.text)) }
    func peerDown(_ host: HostName) { self.add(.down(host.text)) }
    func rejected(_ reason: Rejection, from address: PeerAddress?, count: UInt64) {
        self.add(.rejected(reason))
    }
    func refused(_ verdict: Verdict, by host: HostName) {
        self.add(.refused(verdict, by: host.text))
    }

    private func add(_ event: Event) { self.log.withLock { $0.append(event) } }
}

/// A network on an event loop of the common group, with what it reported.
struct TestHost {
    let recorder = Recorder()
    let loop = MultiThreadedEventLoopGroup.singleton.next()
    let port: UInt16
    private let network: NIOLoopBound<PeerNetwork>

    /// Listens at `port` of the loopback interface, where the ports of `peers` are, too.
    init(
        _ name: String, port: UInt16, incarnation: UInt64 = 1, peers: [(String, UInt16)]
    ) async throws {
        let local = try HostName(name)
        let listen = try PeerAddress(host: "127.0.0.1", port: port)
        let others = try peers.map {
            try (host: HostName($0.0), address: PeerAddress(host: "127.0.0.1", port: $0.1))
        }
        let (loop, recorder) = (self.loop, self.recorder)
        self.network = try await loop.submit {
            NIOLoopBound(
                PeerNetwork(
                    local: local, incarnation: incarnation, listen: listen, peers: others,
                    loop: loop, delegate: recorder), eventLoop: loop)
        }.get()
        let network = self.network
        try await loop.flatSubmit { network.value.start() }.get()
        self.port = try await loop.submit { network.value.localAddress?.port ?? 0 }.get()
    }

    func send(_ frames: [[UInt8]], to host: String) async throws {
        let name = try HostName(host)
        let network = self.network
        try await self.loop.submit {
            for frame in frames { network.value.send(frame, to: name) }
        }.get()
    }

    func droppedFrameCount(to host: String) async throws -> UInt64 {
        let name = try HostName(host)
        let network = self.network
        return try await self.loop.submit { network.value.droppedFrameCount(to: name) }.get()
    }

    func stop() async throws {
        let network = self.network
        try await self.loop.flatSubmit { network.value.stop() }.get()
    }
}

/// Waits until `condition` holds; records an issue when it does not within the time.
func eventually(
    within time: Duration = .seconds(30), _ what: Comment,
    location: SourceLocation = #_sourceLocation, _ condition: () async throws -> Bool
) async throws {
    let end = ContinuousClock.now + time
    while ContinuousClock.now < end {
        if try await condition() { return }
        try await Task.sleep(for: .milliseconds(5))
    }
    #expect(try await condition(), what, sourceLocation: location)
}
