import Glibc
import HoldfastCore
import HoldfastDaemon
import HoldfastJobs
import HoldfastNode
import HoldfastSessions
import HoldfastStorage
import Logging
import NIOCore
import NIOPosix

/// The driver of a cluster of one, with a real disk, on a loop of its own, and no guard.
final class LoneHost: Sendable {
    let loop: any EventLoop
    private let group = MultiThreadedEventLoopGroup(numberOfThreads: 1)
    private let threads = NIOThreadPool(numberOfThreads: 1)
    private let driver: NIOLoopBoundBox<HostDriver?>
    private let committer: GroupCommitter
    private let directory: String

    init() throws {
        var template = Array("/tmp/holdfast-daemon-test.XXXXXX".utf8CString)
        guard mkdtemp(&template) != nil else { throw NoDirectory() }
        self.directory = String(
            decoding: template.dropLast().map(UInt8.init(bitPattern:)), as: UTF8.self)
        self.loop = self.group.next()
        self.driver = .makeBoxSendingValue(nil, eventLoop: self.loop)
        self.threads.start()
        let store = try AcceptorStore(
            directory: self.directory + "/data", host: Self.host,
            freshIdentity: Identifier128(high: 1, low: 1))
        let durable = try store.load()
        self.committer = try GroupCommitter(
            store: store,
            didCommit: { [loop, driver] tickets in
                loop.execute { driver.value?.didCommit(through: tickets.upperBound) }
            }, onFailure: { _ in })
        try self.loop.submit {
            let node = Node(
                settings: Self.settings, durable: durable, randomness: Randomness(seed: 1),
                now: HostDriver.now())
            let logger = Logger(label: "test") { _ in SwiftLogNoOpLogHandler() }
            let driver = HostDriver(
                node: node, committer: self.committer, network: nil,
                launches: LaunchPreparation(
                    host: Self.host, users: .own, threads: self.threads, loop: self.loop),
                events: EventLog(),
                logs: LogKeeper(directory: self.directory, loop: self.loop, logger: logger),
                stallLimit: .seconds(1), logger: logger, loop: self.loop)
            self.driver.value = driver
            driver.start(guardLink: GuardLink(path: "", logger: logger) { _ in })
        }.wait()
        while try !self.loop.submit({ self.isFormed }).wait() { usleep(1000) }
    }

    private var isFormed: Bool {
        self.driver.value?.node.status(at: HostDriver.now()).configuration != nil
    }

    private struct NoDirectory: Error {}

    /// Does `body` on the loop, and waits for what it promises.
    func run<T: Sendable>(
        _ body: @escaping @Sendable (HostDriver, EventLoopPromise<T>) -> Void
    ) throws -> T {
        let promise = self.loop.makePromise(of: T.self)
        self.loop.execute {
            guard let driver = self.driver.value else { return }
            body(driver, promise)
        }
        return try promise.futureResult.wait()
    }

    func end() throws {
        try self.loop.submit { self.driver.value?.stop() }.wait()
        self.committer.stop()
        try self.group.syncShutdownGracefully()
        try self.threads.syncShutdownGracefully()
        for name in ["store.db", "store.db-wal", "lock"] {
            unlink("\(self.directory)/data/\(name)")
        }
        rmdir(self.directory + "/data")
        rmdir(self.directory)
    }

    static let host: HostName = {
        do { return try HostName("a") } catch { preconditionFailure("\(error)") }
    }()

    private static let settings = NodeSettings(
        host: LoneHost.host, incarnation: 7, labels: [], address: "", lease: .defaults(),
        clusterName: "test", hosts: [LoneHost.host])
}
