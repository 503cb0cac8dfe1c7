package import HoldfastCore
import HoldfastGuardCore
import HoldfastJobs
package import HoldfastPaxos
import HoldfastSessions
import HoldfastWire

/// One host, as a pure value: what happened goes in, what is to be done comes out, in order.
///
///     peers ─▶ ┌──────────────────────────────┐ ─▶ writes, messages
///     disk  ─▶ │ acceptor  proposer  learner  │
///     guard ─▶ │ sessions (voter, holder)     │ ─▶ questions to the guard
///     users ─▶ │ jobs (runs, claims)          │ ─▶ answers, events
///              └──────────────────────────────┘
///
/// It reads no clock, draws no randomness of its own and iterates over nothing unordered: equal
/// nodes given equal events return equal effects.
package struct Node: Sendable {
    enum TimerName: Hashable, Sendable {
        case attempt(UInt64)
        case retry(RegisterID)
        case read(UInt64)
        case forward(UInt64)
        case beat
        case voterCheck
        case closing(HostName)
        case examine
        case claim(Key)
        case revisit(Key)
        case digest
        case rescan
        case survey
        case formation
    }

    let settings: NodeSettings
    var randomness: Randomness
    var now: Now

    // Who we are, and of which cluster.
    let acceptorID: AcceptorID
    var configuration: ClusterConfiguration?
    private let hasReadableConfiguration: Bool
    var formation = Formation()

    // Agreement.
    var acceptor: Acceptor
    var voter: SessionVoter
    var learner = Learner()
    var work: [RegisterID: RegisterWork] = [:]
    var attempts: [UInt64: RegisterID] = [:]
    var reads: [UInt64: PendingRead] = [:]
    var forwards: [UInt64: ForwardedChange] = [:]
    var surveys: [UInt64: ClosingSurvey] = [:]
    /// Registers accepted here of which nothing newer is known to be chosen.
    var unlearned: [RegisterID: Int64] = [:]
    /// Begins at random: an answer to an earlier process of this host fits no question of ours.
    var lastNumber: UInt64
    /// Forwarded changes that were taken: one that the network repeats is not taken twice.
    var takenForwards = RecentNumbers(limit: 4096)

    // Our own session, guard and runs.
    var holding: Holding = .idle
    var guardLink: GuardLink?
    var orphan: OrphanedSession?
    var isDiskStalled = false
    var hadQuorum = false
    var runs: [Key: Run] = [:]
    var claims: [Key: Nonce] = [:]
    var burning: [RunName: Burning] = [:]
    /// Runs whose vacancy is still to be chosen, and is asked for again at the next look.
    var retryVacancies: Set<Key> = []

    // What leaves.
    var effects: [NodeEffect] = []
    var toSelf: [PeerMessage] = []
    var waiting: [WaitingReply] = []
    var timers = TimerQueue<TimerName>()
    var seenWarnings: Set<String> = []

    struct WaitingReply: Sendable {
        var afterWrite: UInt64
        var message: PeerMessage
        var host: HostName
    }

    /// - Parameters:
    ///   - settings: Who this host is, and of which cluster.
    ///   - durable: What the disk holds.
    ///   - randomness: Seeded by the system, or by a simulation.
    ///   - now: When the process began: the quarantine of its voter counts from here (S7).
    package init(
        settings: NodeSettings, durable: DurableState, randomness: Randomness, now: Now
    ) {
        self.settings = settings
        self.randomness = randomness
        self.lastNumber = self.randomness.next() >> 1
        self.now = now
        self.acceptorID = durable.acceptor
        self.configuration = durable.configuration.flatMap {
            try? RecordCoding.decodeConfiguration($0)
        }
        self.hasReadableConfiguration =
            durable.configuration == nil || self.configuration != nil
        self.acceptor = Acceptor(restoring: durable)
        var sessions: [HostName: SessionRecord] = [:]
        for (register, accepted) in durable.registers
        where register.bucket == RegisterID.sessionBucket {
            guard let host = try? HostName(register.key),
                let record = try? RecordCoding.decodeSession(accepted.value)
            else { continue }
            sessions[host] = record
        }
        self.voter = SessionVoter(
            records: sessions, started: now.moment,
            term: max(settings.lease.term, self.configuration?.term ?? .zero))
        for register in self.acceptor.registers {
            self.unlearned[register] = now.moment.monotonic
        }
    }

    /// Takes one event and says what to do about it.
    ///
    /// - Parameters:
    ///   - event: What happened.
    ///   - now: Not before the one of the event before it.
    /// - Returns: What to do, in this order.
    package mutating func receive(_ event: NodeEvent, at now: Now) -> [NodeEffect] {
        self.now = now
        switch event {
        case .started: self.start()
        case .received(let envelope, let host): self.receive(envelope, from: host)
        case .wrote(let number): self.didWrite(through: number)
        case .woke: break
        case .diskStalled(let isStalled): self.isDiskStalled = isStalled
        case .guardReported(let report): self.receive(report)
        case .guardLost(let isDead): self.loseGuard(isDead: isDead)
        case .launchImpossible(let name, let reason): self.abandonLaunch(name, reason: reason)
        case .requested(let id, let request): self.take(request, id)
        case .relay(let bytes, let host):
            if self.configuration != nil { self.send(.relay(bytes), to: host) }
        }
        self.drain()
        while let timer = self.timers.pop(at: now.moment.monotonic) {
            self.fire(timer)
            self.drain()
        }
        defer { self.effects = [] }
        return self.effects
    }

    /// How long until `.woke` is due; `nil`: not before another event.
    package mutating func nextWakeUp(after now: Now) -> Duration? {
        self.timers.earliest.map { .nanoseconds(max(0, $0 - now.moment.monotonic)) }
    }

    // MARK: Within one step

    private mutating func start() {
        guard self.hasReadableConfiguration else {
            self.effects.append(.halt(.unreadableConfiguration))
            return
        }
        if let configuration = self.configuration {
            guard configuration.voter(self.settings.host)?.acceptor == self.acceptorID else {
                // M4: this directory was formed into another place.
                self.effects.append(.halt(.foreignDirectory(cluster: configuration.name)))
                return
            }
            if let difference = self.difference(from: configuration) {
                self.effects.append(.halt(.changedConfiguration(difference)))
                return
            }
            self.didForm()
        } else {
            self.beginFormation()
        }
    }

    /// What the host's file says otherwise than the configuration that the cluster was formed
    /// with; a file alone changes no membership (M1).
    private func difference(from configuration: ClusterConfiguration) -> String? {
        let voters = configuration.voters.map(\.host)
        if configuration.name != self.settings.clusterName {
            return "cluster.name was '\(configuration.name)'"
        }
        if voters != self.settings.hosts {
            return "cluster.hosts were " + voters.map(\.text).joined(separator: ", ")
        }
        if configuration.term != self.settings.lease.term {
            return "lease.term was \(configuration.term.inSeconds) s"
        }
        return nil
    }

    /// Messages to ourselves are handled within the step that sent them.
    private mutating func drain() {
        while !self.toSelf.isEmpty {
            let messages = self.toSelf
            self.toSelf = []
            for message in messages { self.dispatch(message, from: self.settings.host) }
        }
    }

    private mutating func fire(_ timer: TimerName) {
        switch timer {
        case .attempt(let id): self.attemptTimedOut(id)
        case .retry(let register): self.startAttempt(register)
        case .read(let id): self.readTimedOut(id)
        case .forward(let id): self.takeBack(id)
        case .beat: self.beat()
        case .voterCheck: self.checkVoters()
        case .closing(let host): self.survey(host)
        case .examine: self.examineSession()
        case .claim(let key): self.claim(key)
        case .revisit(let key): self.revisit(key)
        case .digest: self.exchangeDigest()
        case .rescan: self.rescan()
        case .survey: self.revisitAll()
        case .formation: self.announceFormation()
        }
    }

    mutating func setTimer(_ name: TimerName, after delay: Duration) {
        let due = self.now.moment.monotonic + max(0, delay.wholeNanoseconds)
        self.timers.set(name, due: due)
    }

    func deadline(after delay: Duration) -> Int64 {
        self.now.moment.monotonic + delay.wholeNanoseconds
    }

    func hasExpired(_ deadline: Int64) -> Bool { self.now.moment.monotonic >= deadline }

    mutating func nextNumber() -> UInt64 {
        self.lastNumber += 1
        return self.lastNumber
    }

    mutating func send(_ message: PeerMessage, to host: HostName) {
        if host == self.settings.host {
            self.toSelf.append(message)
            return
        }
        let envelope = Envelope(
            cluster: self.configuration?.cluster, version: self.configuration?.version ?? 0,
            acceptor: self.acceptorID, message: message)
        self.effects.append(.send(envelope, to: host))
    }

    mutating func sendToVoters(_ message: PeerMessage) {
        for voter in self.configuration?.voters ?? [] { self.send(message, to: voter.host) }
    }

    /// Sends a reply once everything that it reflects is durable (P4).
    mutating func reply(_ message: PeerMessage, to host: HostName, afterWrite number: UInt64) {
        if number == 0 {
            self.send(message, to: host)
        } else {
            self.waiting.append(
                WaitingReply(afterWrite: number, message: message, host: host))
        }
    }

    private mutating func didWrite(through number: UInt64) {
        self.acceptor.didWrite(through: number)
        self.formationDidWrite(through: number)
        let ready = self.waiting.filter { $0.afterWrite <= number }
        guard !ready.isEmpty else { return }
        self.waiting.removeAll { $0.afterWrite <= number }
        for reply in ready { self.send(reply.message, to: reply.host) }
    }

    mutating func observe(
        _ kind: ClusterEvent.Kind, key: Key? = nil, host: HostName? = nil, token: Token? = nil,
        _ text: String
    ) {
        self.effects.append(
            .observed(ClusterEvent(kind: kind, key: key, host: host, token: token, text: text)))
    }

    /// Says something that would otherwise be said with every message, once.
    mutating func warnOnce(_ text: String, host: HostName? = nil) {
        guard self.seenWarnings.count < 1000, self.seenWarnings.insert(text).inserted else {
            return
        }
        self.observe(.warning, host: host, text)
    }
}
