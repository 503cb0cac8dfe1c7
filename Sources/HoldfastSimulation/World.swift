package import HoldfastCore
import HoldfastGuardCore
package import HoldfastNode
import HoldfastPaxos
package import HoldfastWire

/// Several hosts, one seed, virtual time: everything outside the cores is made up here.
///
///     settings ──▶ hosts form a cluster ──▶ faults and users ──▶ quiet ──▶ liveness is required
///
/// It is a value. Equal worlds run alike, event by event, which is what makes a failure
/// repeatable: nothing in it reads a clock, draws from the system or iterates over a set.
package struct World: Sendable {
    package let settings: WorldSettings
    package internal(set) var now = VirtualTime.zero
    package internal(set) var figures = Figures()
    package internal(set) var transcript: Transcript
    package var plan: FaultPlan
    /// Whether the last fault is over and everything must come to order.
    package internal(set) var isQuiet = false
    /// What a scenario does with a message before the network does anything.
    package var intercept: (@Sendable (Envelope, _ from: Int, _ to: Int) -> Verdict)?

    /// What becomes of a message.
    package enum Verdict: Equatable, Sendable {
        case pass
        case drop
        case hold(Duration)
    }

    let names: [HostName]
    let keys: [Key]
    var random: Randomness
    var queue = EventQueue<WorldEvent>()
    var hosts: [SimulatedHost] = []
    var checker: Checker
    var history = History()
    /// Per ordered pair of hosts: nothing passes before this.
    var cutUntil: [VirtualTime]
    var specCount = 0
    var lastEnd: [String: (host: Int, time: VirtualTime)] = [:]
    var quietSince = VirtualTime.zero
    var lastDisorder = VirtualTime.zero
    /// Answers to questions of scenarios.
    package internal(set) var answers: [RequestID: NodeResponse] = [:]
    package internal(set) var observed: [(host: Int, event: ClusterEvent)] = []

    package init(_ settings: WorldSettings) {
        self.settings = settings
        self.plan = settings.plan
        self.transcript = Transcript(keepsLines: settings.keepsTranscript)
        self.random = Randomness(seed: settings.seed)
        self.names = (0..<settings.hostCount).map(Self.name(of:))
        self.keys = (0..<settings.keyCount).map(Self.key(_:))
        self.checker = Checker(names: self.names)
        self.cutUntil = Array(repeating: .zero, count: settings.hostCount * settings.hostCount)
        for index in 0..<settings.hostCount { self.addHost(index) }
        self.queue.add(.tick, at: .zero + Self.tickLength)
    }

    static let tickLength = Duration.milliseconds(250)

    private static func name(of index: Int) -> HostName {
        guard let name = try? HostName("h\(index)") else { preconditionFailure("a host's name") }
        return name
    }

    private static func key(_ index: Int) -> Key {
        guard let key = try? Key("job-\(index)") else { preconditionFailure("a key's name") }
        return key
    }

    private mutating func addHost(_ index: Int) {
        let bound = Int(self.settings.lease.clockRateBound * 1_000_000)
        let clock = SimulatedClock(
            offset: Int64(self.random.below(1 << 40)),
            partsPerMillion: Int64(self.random.below(2 * bound + 1) - bound),
            wallOffset: 1_700_000_000_000 + Int64(self.random.below(7_200_000)))
        self.hosts.append(
            SimulatedHost(
                index: index, name: self.names[index], clock: clock,
                disk: SimulatedDisk(acceptor: self.random.nextIdentifier())))
        self.queue.add(.guardStarts(index), at: .zero + self.random.upTo(.milliseconds(50)))
        self.queue.add(.agentStarts(index), at: .zero + self.random.upTo(.milliseconds(200)))
    }

    package var violation: Violation? { self.checker.violation }

    package func key(_ index: Int) -> Key { self.keys[index] }

    /// Runs the whole life of this world: faults, then the quiet phase, then the last questions.
    package mutating func runToEnd() {
        self.run(for: self.settings.faultPhase)
        self.endFaults()
        self.run(for: self.settings.quietPhase)
        self.requireOrder()
        self.noteEpilogue()
        self.askEveryone()
        self.run(for: .seconds(11))
        self.requireAnswers()
        self.finish()
    }

    /// Runs until that much more virtual time has passed, or until a violation.
    package mutating func run(for span: Duration) {
        let end = self.now + span
        while self.violation == nil, let next = self.queue.nextTime, next <= end {
            self.step()
        }
        if self.violation == nil { self.now = max(self.now, end) }
        self.figures.virtualTime = self.now - .zero
    }

    /// Takes the next event.
    package mutating func step() {
        guard let (time, event) = self.queue.popFirst() else { return }
        self.now = time
        self.checker.now = time
        self.figures.events += 1
        self.transcript.mix(UInt64(bitPattern: time.nanoseconds))
        self.take(event)
    }

    private mutating func take(_ event: WorldEvent) {
        switch event {
        case .delivered(let envelope, let from, let to): self.deliver(envelope, from, to)
        case .agentStarts(let host): self.startAgent(host)
        case .agentWakes(let host, let stamp): self.wakeAgent(host, stamp)
        case .agentResumes(let host, let life): self.resumeAgent(host, life)
        case .agentHears(let host, let life, let event):
            if self.hosts[host].agentLife == life { self.tell(host, event) }
        case .diskSynced(let host, let life): self.didSync(host, life)
        case .connects(let host, let agentLife, let guardLife):
            self.connect(host, agentLife, guardLife)
        case .connectionEnds(let host, let connection, let isDead):
            self.endConnection(host, connection, isDead: isDead)
        case .requestArrives(let host, let request, let connection, let life):
            if self.hosts[host].guardLife == life {
                self.tellGuard(host, .request(request, connection: connection))
            }
        case .reportArrives(let host, let report, let connection):
            if self.hosts[host].connection == connection {
                self.tell(host, .guardReported(report))
            }
        case .guardStarts(let host): self.startGuard(host)
        case .guardWakes(let host, let stamp): self.wakeGuard(host, stamp)
        case .guardContinues(let host, let life): self.continueGuard(host, life)
        case .guardKilledByTimer(let host, let life, let stamp):
            self.fireKernelTimer(host, life, stamp)
        case .childEnds(let host, let name, let stamp): self.endChild(host, name, stamp)
        case .childFreezes(let host, let name, let stamp): self.freezeChild(host, name, stamp)
        case .childDies(let host, let name): self.buryChild(host, name)
        case .tick: self.tick()
        case .requested: self.requestSomething()
        }
    }

    func index(of host: HostName) -> Int? { self.names.firstIndex(of: host) }

    mutating func note(
        _ host: Int?, _ subject: StaticString, _ text: @autoclosure () -> String
    ) {
        self.transcript.note(self.now, host.map { self.names[$0] }, subject, text())
    }

    /// Makes what is durable part of the trace.
    private mutating func finish() {
        for host in self.hosts {
            let durable = host.disk.durable
            for register in durable.registers.keys.sorted() {
                self.transcript.mix(durable.registers[register]?.ballot.counter ?? 0)
                self.transcript.mix(durable.registers[register]?.ballot.incarnation ?? 0)
            }
        }
    }
}
