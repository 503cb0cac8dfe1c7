import Glibc
import HoldfastAPI
import HoldfastCore
import HoldfastGuardCore
import HoldfastJobs
import HoldfastLinux
import HoldfastNode
import HoldfastPaxos
import HoldfastSessions
package import HoldfastSpec
import HoldfastStorage
import HoldfastTransport
package import Logging
import NIOCore
import NIOPosix

/// One agent, put together: reads its disk, listens, finds its guard, and runs until it is told
/// to end or must end.
///
/// Ending an agent ends no job: the guard keeps them, and the next agent finds them there (S11).
package final class Agent: Sendable {
    private let configuration: HostConfiguration
    private let logger: Logger
    private let group = MultiThreadedEventLoopGroup(numberOfThreads: 1)
    private let logGroup = MultiThreadedEventLoopGroup(numberOfThreads: 1)
    private let threads = NIOThreadPool(numberOfThreads: 1)

    package init(configuration: HostConfiguration, logger: Logger) {
        self.configuration = configuration
        self.logger = logger
    }

    /// Opens everything and serves; never returns normally before `end` is called.
    ///
    /// - Throws: What could not be opened, for the operator.
    package func start() throws {
        self.threads.start()
        let store = try AcceptorStore(
            directory: self.configuration.dataDirectory, host: self.configuration.name,
            freshIdentity: SystemRandomness.identifier())
        let durable = try store.load()
        try LogDirectory.make(self.configuration.logsDirectory)
        let loop = self.group.next()
        // Made before the driver, and told to it through this box, on the loop.
        let box = NIOLoopBoundBox<HostParts?>.makeBoxSendingValue(nil, eventLoop: loop)
        let committer = try GroupCommitter(
            store: store,
            didCommit: { tickets in
                loop.execute { box.value?.driver.didCommit(through: tickets.upperBound) }
            },
            onFailure: { [logger = self.logger] failure in Self.end(failure, logger) })
        try loop.submit {
            box.value = try self.assemble(durable, committer, box, on: loop)
        }.wait()
        try loop.flatSubmit { box.value?.listen() ?? loop.makeSucceededVoidFuture() }.wait()
        try loop.submit { box.value?.begin() }.wait()
        self.logger.notice(
            "serving",
            metadata: [
                "host": "\(self.configuration.name)",
                "cluster": "\(self.configuration.cluster.name)",
                "socket": "\(self.configuration.socket)",
                "listen": "\(self.configuration.listen.map { "\($0)" } ?? "nowhere")",
            ])
        Readiness.notify("READY=1\nSTATUS=serving")
    }

    private func assemble(
        _ durable: DurableState, _ committer: GroupCommitter,
        _ box: NIOLoopBoundBox<HostParts?>, on loop: any EventLoop
    ) throws -> HostParts {
        let configuration = self.configuration
        let logs = LogKeeper(
            directory: configuration.logsDirectory, loop: self.logGroup.next(),
            logger: self.logger)
        let peers = PeerEvents(logger: self.logger) { frame, host in
            box.value?.receive(frame, from: host)
        }
        var randomness = SystemRandomness.seed()
        let incarnation = randomness.next()
        // A cluster of one has nobody to listen for.
        let network = configuration.listen.map { address in
            PeerNetwork(
                local: configuration.name, incarnation: incarnation, listen: address,
                peers: configuration.cluster.peers.map { ($0.name, $0.address) }, loop: loop,
                delegate: peers)
        }
        let node = Node(
            settings: Self.settings(configuration, incarnation: incarnation),
            durable: durable, randomness: randomness, now: HostDriver.now())
        let driver = HostDriver(
            node: node, committer: committer, network: network,
            launches: LaunchPreparation(
                host: configuration.name, users: configuration.users, threads: self.threads,
                loop: loop),
            events: EventLog(), logs: logs, stallLimit: configuration.lease.heartbeat,
            logger: self.logger, loop: loop)
        driver.onHalt = { [logger = self.logger] failure in Self.end(failure, logger) }
        let link = GuardLink(path: configuration.guardSocket, logger: self.logger) { report in
            loop.execute {
                guard let driver = box.value?.driver else { return }
                switch report {
                case .report(let report, let pipe):
                    driver.guardReported(report, logPipe: pipe)
                case .lost(let isDead): driver.step(.guardLost(isDead: isDead))
                }
            }
        }
        return HostParts(
            configuration: configuration, driver: driver, network: network, guardLink: link,
            logger: self.logger)
    }

    private static func settings(
        _ configuration: HostConfiguration, incarnation: UInt64
    ) -> NodeSettings {
        NodeSettings(
            host: configuration.name, incarnation: incarnation, labels: configuration.labels,
            address: configuration.listen.map { "\($0)" } ?? "", lease: configuration.lease,
            clusterName: configuration.cluster.name, hosts: configuration.voters)
    }

    /// Ends the process for a reason that leaves no choice (D2, P13).
    private static func end(_ failure: any OperatorFacing, _ logger: Logger) {
        logger.critical(
            "this agent ends: its jobs stay under the guard until their deadline",
            metadata: [
                "what": "\(failure.what)", "why": "\(failure.why)", "next": "\(failure.next)",
            ])
        exit(failure.exitStatus.rawValue)
    }
}

/// What lives on the event loop of an agent.
private final class HostParts {
    let configuration: HostConfiguration
    let driver: HostDriver
    let network: PeerNetwork?
    let guardLink: GuardLink
    let server: APIServer
    let relay: LogRelay
    private let logger: Logger

    init(
        configuration: HostConfiguration, driver: HostDriver, network: PeerNetwork?,
        guardLink: GuardLink, logger: Logger
    ) {
        self.configuration = configuration
        self.driver = driver
        self.network = network
        self.guardLink = guardLink
        self.logger = logger
        self.relay = LogRelay(driver: driver, host: configuration.name)
        let service = HostService(
            driver: driver, facts: .init(configuration), relay: self.relay)
        self.server = APIServer(
            path: configuration.socket, access: APIAccess(ownUserID: getuid()),
            backend: service, on: driver.loop
        ) { incident, count in
            logger.warning(
                "a request to the API was refused",
                metadata: ["incident": "\(incident)", "count": "\(count)"])
        }
        driver.onRelay = { [relay = self.relay] bytes, host in
            relay.receive(bytes, from: host)
        }
    }

    func listen() -> EventLoopFuture<Void> {
        guard let network = self.network else { return self.server.listen() }
        return network.start().assumeIsolated().flatMap { self.server.listen() }.nonisolated()
    }

    func begin() {
        for warning in HostService.Facts(self.configuration).warnings {
            self.logger.warning("\(warning)")
        }
        self.driver.start(guardLink: self.guardLink)
        self.guardLink.start()
    }

    func receive(_ frame: [UInt8], from host: HostName) {
        self.driver.receive(frame, from: host)
    }
}
