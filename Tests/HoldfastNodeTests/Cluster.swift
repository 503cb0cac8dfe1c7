import HoldfastCore
import HoldfastGuardCore
import HoldfastJobs
import HoldfastPaxos
import HoldfastSessions
import HoldfastWire
import Testing

@testable import HoldfastNode

/// A few hosts in one value, driven by hand: every message, write and verb takes its time, in
/// one order that depends on nothing but the calls of the test.
///
/// After every step it checks that no key runs twice, and that its tokens rise.
struct Cluster {
    struct Host {
        var node: Node?
        var disk: DurableState
        var guardProcess: TestGuard? = TestGuard()
        /// Counts lives of the agent: what was on its way to an earlier one is lost.
        var life: UInt64 = 1
    }

    private enum Happening {
        case event(NodeEvent, life: UInt64)
        case written([DurableWrite], number: UInt64, life: UInt64)
        case asked(GuardRequest, life: UInt64)
    }

    private struct Entry {
        var due: Int64
        var order: UInt64
        var host: HostName
        var happening: Happening
    }

    static let names = ["a", "b", "c"].map { name("\($0)") }

    private(set) var now: Int64 = 1_000_000_000_000
    var hosts: [HostName: Host] = [:]
    private var queue: [Entry] = []
    private var order: UInt64 = 0
    private(set) var responses: [RequestID: NodeResponse] = [:]
    private(set) var events: [(host: HostName, event: ClusterEvent)] = []
    private(set) var failures: [NodeFailure] = []
    private(set) var released: Set<HostName> = []
    private(set) var launches: [(host: HostName, name: RunName)] = []
    private var lastRequest: RequestID = 0
    private var newestToken: [String: Token] = [:]
    private let size: Int

    // What a test may turn.
    var latency: (HostName, HostName) -> Duration = { _, _ in .milliseconds(1) }
    var diskDelay = Duration.milliseconds(1)
    /// Between the order to launch and the guard's hearing of it: the agent looks up users.
    var launchDelay = Duration.milliseconds(1)
    /// Whether a message from one host reaches another.
    var passes: (Envelope, HostName, HostName) -> Bool = { _, _, _ in true }

    init(size: Int = 3) {
        self.size = size
        for (index, host) in Self.names.prefix(size).enumerated() {
            self.hosts[host] = Host(
                disk: DurableState(acceptor: Identifier128(high: 7, low: UInt64(index))))
        }
    }

    private var all: [HostName] { self.hosts.keys.sorted() }

    var moment: Now {
        Now(
            moment: Moment(boot: self.now, monotonic: self.now, raw: self.now),
            wall: WallTime(milliseconds: self.now / 1_000_000))
    }

    // MARK: Lives

    mutating func start() {
        for host in self.all { self.start(host) }
    }

    /// Begins a life of the agent of `host`, with what its disk holds.
    mutating func start(_ host: HostName) {
        guard var entry = self.hosts[host] else { return }
        entry.life += 1
        let settings = NodeSettings(
            host: host, incarnation: StableHash.of(host.text, "\(entry.life)"),
            labels: [Label(name: "zone", value: host.text)], address: "\(host):1",
            lease: .defaults(), clusterName: "test", hosts: Array(Self.names.prefix(self.size)))
        entry.node = Node(
            settings: settings, durable: entry.disk,
            randomness: Randomness(seed: entry.life &* 31 &+ StableHash.of(host.text)),
            now: self.moment)
        let reports = entry.guardProcess?.hello() ?? []
        self.hosts[host] = entry
        self.deliver(.started, to: host, after: .zero)
        for report in reports {
            self.deliver(.guardReported(report), to: host, after: .milliseconds(1))
        }
    }

    /// Ends the agent alone; its guard and what that runs go on.
    mutating func crashAgent(_ host: HostName) {
        self.hosts[host]?.node = nil
        self.hosts[host]?.life += 1
    }

    /// Ends the machine: nothing of it is left but its disk.
    mutating func crashMachine(_ host: HostName) {
        self.crashAgent(host)
        self.hosts[host]?.guardProcess = nil
    }

    /// The guard dies and a new one comes, under a living agent that sees both.
    mutating func replaceGuard(_ host: HostName) {
        var fresh = TestGuard()
        let reports = fresh.hello()
        self.hosts[host]?.guardProcess = fresh
        self.deliver(.guardLost(isDead: true), to: host, after: .milliseconds(1))
        for report in reports {
            self.deliver(.guardReported(report), to: host, after: .milliseconds(20))
        }
    }

    mutating func terminateGuard(_ host: HostName) {
        for report in self.hosts[host]?.guardProcess?.terminate() ?? [] {
            self.deliver(.guardReported(report), to: host, after: .milliseconds(1))
        }
    }

    /// A child ends by itself.
    mutating func exit(_ key: Key, on host: HostName, code: UInt8) {
        guard let name = self.run(of: key, on: host),
            let report = self.hosts[host]?.guardProcess?.end(name, .exited(code: code), .itself)
        else { return }
        self.deliver(.guardReported(report), to: host, after: .milliseconds(1))
    }

    // MARK: Users

    mutating func ask(_ request: NodeRequest, at host: HostName) -> RequestID {
        self.lastRequest += 1
        self.deliver(.requested(self.lastRequest, request), to: host, after: .zero)
        return self.lastRequest
    }

    /// Asks, and runs until the answer is there.
    mutating func answer(_ request: NodeRequest, at host: HostName) -> NodeResponse? {
        let id = self.ask(request, at: host)
        _ = self.run(until: { $0.responses[id] != nil }, within: .seconds(12))
        return self.responses[id]
    }

    // MARK: Words put into a mouth

    /// Lets `host` hear `message` as if `other` had said it.
    mutating func say(_ message: PeerMessage, from other: HostName, to host: HostName) {
        guard let configuration = self.hosts[host]?.node?.configuration,
            let acceptor = self.hosts[other]?.disk.acceptor
        else { return }
        let envelope = Envelope(
            cluster: configuration.cluster, version: configuration.version, acceptor: acceptor,
            message: message)
        self.deliver(.received(envelope, from: other), to: host, after: .milliseconds(1))
    }

    /// Three hosts with sessions.
    static func serving() throws -> Cluster {
        var cluster = Cluster()
        cluster.start()
        let isUp = cluster.run(
            until: { cluster in Cluster.names.allSatisfy(cluster.isServing) },
            within: .seconds(5))
        try #require(isUp)
        cluster.run(for: .seconds(1))
        return cluster
    }

    // MARK: Questions

    func run(of key: Key, on host: HostName) -> RunName? {
        self.hosts[host]?.guardProcess?.live.keys.sorted().first { $0.key == key.text }
    }

    /// Where a key runs.
    func runners(of key: Key) -> [HostName] {
        self.all.filter { self.run(of: key, on: $0) != nil }
    }

    func isServing(_ host: HostName) -> Bool {
        self.hosts[host]?.node?.mayLaunch ?? false
    }

    /// What a host knows to be chosen for a key.
    func known(_ key: Key, on host: HostName) -> KeyRecord? {
        self.hosts[host]?.node?.knowledge.keys[key]?.record
    }

    // MARK: Time

    /// Runs until `condition` holds; whether it came to hold in time.
    mutating func run(until condition: (Cluster) -> Bool, within limit: Duration) -> Bool {
        let end = self.now + limit.wholeNanoseconds
        while !condition(self) {
            guard self.step(notAfter: end) else { return condition(self) }
        }
        return true
    }

    mutating func run(for span: Duration) {
        _ = self.run(until: { _ in false }, within: span)
    }

    /// Carries out what is due next; `false` once nothing is due before `end`.
    private mutating func step(notAfter end: Int64) -> Bool {
        let moment = self.moment
        var due = self.queue.map(\.due).min() ?? .max
        for host in self.all {
            guard let wait = self.hosts[host]?.node?.nextWakeUp(after: moment) else { continue }
            due = min(due, self.now + wait.wholeNanoseconds)
        }
        guard due <= end else {
            self.now = end
            self.checkGuards()
            return false
        }
        self.now = max(self.now, due)
        self.checkGuards()
        let ready = self.queue.filter { $0.due <= self.now }.sorted {
            ($0.due, $0.order) < ($1.due, $1.order)
        }
        self.queue.removeAll { $0.due <= self.now }
        for entry in ready { self.carryOut(entry) }
        for host in self.all { self.step(host, .woke) }
        self.check()
        return true
    }

    private mutating func checkGuards() {
        let moment = self.moment.moment
        for host in self.all {
            let reports = self.hosts[host]?.guardProcess?.check(at: moment) ?? []
            for report in reports {
                self.deliver(.guardReported(report), to: host, after: .milliseconds(1))
            }
        }
    }

    private mutating func carryOut(_ entry: Entry) {
        guard let host = self.hosts[entry.host] else { return }
        switch entry.happening {
        case .event(let event, let life):
            if life == host.life { self.step(entry.host, event) }
        case .written(let writes, let number, let life):
            guard life == host.life else { return }
            for write in writes { self.hosts[entry.host]?.disk.apply(write) }
            self.step(entry.host, .wrote(through: number))
        case .asked(let request, let life):
            guard life == host.life else { return }
            let moment = self.moment.moment
            let reports =
                self.hosts[entry.host]?.guardProcess?.receive(request, at: moment) ?? []
            for report in reports {
                if case .launched(let name, _) = report { self.note(name, on: entry.host) }
                self.deliver(.guardReported(report), to: entry.host, after: .milliseconds(1))
            }
        }
    }

    private mutating func note(_ name: RunName, on host: HostName) {
        #expect(name.token > self.newestToken[name.key] ?? 0, "P12: a token that does not rise")
        self.newestToken[name.key] = name.token
        self.launches.append((host, name))
    }

    private mutating func step(_ host: HostName, _ event: NodeEvent) {
        let moment = self.moment
        guard let effects = self.hosts[host]?.node?.receive(event, at: moment) else { return }
        for effect in effects { self.carryOut(effect, of: host) }
    }

    private mutating func carryOut(_ effect: NodeEffect, of host: HostName) {
        let life = self.hosts[host]?.life ?? 0
        switch effect {
        case .write(let writes, let number):
            self.put(.written(writes, number: number, life: life), host, after: self.diskDelay)
        case .send(let envelope, let other):
            guard self.passes(envelope, host, other) else { return }
            self.send(EnvelopeCoding.encode(envelope), from: host, to: other)
        case .askGuard(let request):
            self.put(.asked(request, life: life), host, after: .milliseconds(1))
        case .launch(let name, let epoch, let spec):
            self.put(
                .asked(.launch(Self.order(name, epoch, spec)), life: life), host,
                after: self.launchDelay)
        case .respond(let id, let response): self.responses[id] = response
        case .observed(let event): self.events.append((host, event))
        case .released: self.released.insert(host)
        case .halt(let failure):
            self.failures.append(failure)
            self.crashAgent(host)
        case .relayed: break
        }
    }

    private static func order(_ name: RunName, _ epoch: Epoch, _ spec: JobSpec) -> LaunchOrder {
        LaunchOrder(
            name: name, epoch: epoch, executable: spec.command[0], arguments: spec.command,
            environment: [], directory: "/", userID: 0, groupID: 0, supplementaryGroups: [],
            stopSignal: spec.stop.signal, stopGrace: spec.stop.grace, onDeadline: .kill,
            freezeLimit: nil)
    }

    private mutating func send(_ frame: [UInt8], from host: HostName, to other: HostName) {
        do {
            let envelope = try EnvelopeCoding.decode(frame)
            self.deliver(
                .received(envelope, from: host), to: other, after: self.latency(host, other))
        } catch {
            Issue.record("a frame that its own reader refuses: \(error)")
        }
    }

    /// Hands an event to the present life of an agent, after a while.
    mutating func deliver(_ event: NodeEvent, to host: HostName, after delay: Duration) {
        let life = self.hosts[host]?.life ?? 0
        self.put(.event(event, life: life), host, after: delay)
    }

    private mutating func put(_ happening: Happening, _ host: HostName, after delay: Duration) {
        self.order += 1
        self.queue.append(
            Entry(
                due: self.now + delay.wholeNanoseconds, order: self.order, host: host,
                happening: happening))
    }

    private func check() {
        var runners: [String: Int] = [:]
        for host in self.all {
            for name in self.hosts[host]?.guardProcess?.live.keys.sorted() ?? [] {
                runners[name.key, default: 0] += 1
            }
        }
        for (key, count) in runners.sorted(by: { $0.key < $1.key }) {
            #expect(count == 1, "two copies of \(key)")
        }
    }
}

/// What hosts said, for a test that cuts a line and listens to it.
final class Recorder {
    private(set) var messages: [(from: HostName, to: HostName, message: PeerMessage)] = []

    /// Notes a message and lets it through.
    var passing: (Envelope, HostName, HostName) -> Bool {
        { envelope, from, to in
            self.messages.append((from, to, envelope.message))
            return true
        }
    }

    /// Notes a message and lets nothing through that involves `host`.
    func isolating(_ host: HostName) -> (Envelope, HostName, HostName) -> Bool {
        { envelope, from, to in
            self.messages.append((from, to, envelope.message))
            return from != host && to != host
        }
    }
}

func name(_ text: String) -> HostName {
    do { return try HostName(text) } catch { preconditionFailure("\(text): \(error)") }
}

func key(_ text: String) -> Key {
    do { return try Key(text) } catch { preconditionFailure("\(text): \(error)") }
}
