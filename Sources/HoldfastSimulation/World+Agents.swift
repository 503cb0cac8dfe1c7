import HoldfastCore
import HoldfastGuardCore
import HoldfastJobs
import HoldfastNode
import HoldfastPaxos
import HoldfastWire

/// The agents: their processes, their clocks, and what is done about their effects.
extension World {
    mutating func startAgent(_ host: Int) {
        guard self.hosts[host].node == nil else { return }
        let settings = NodeSettings(
            host: self.names[host], incarnation: self.random.next(), labels: [],
            address: "\(self.names[host]):7000", lease: self.settings.lease,
            clusterName: "simulated", hosts: self.names)
        let randomness = Randomness(
            words: self.random.next(), self.random.next(), self.random.next(), 1)
        self.hosts[host].agentLife += 1
        self.hosts[host].isStallReported = false
        self.hosts[host].sessionsTakenIn = self.hosts[host].disk.durable.registers.filter {
            $0.key.bucket == RegisterID.sessionBucket
        }
        let now = self.hosts[host].clock.read(at: self.now)
        self.hosts[host].node = Node(
            settings: settings, durable: self.hosts[host].disk.durable, randomness: randomness,
            now: now)
        self.note(host, "agent", "starts")
        self.tell(host, .started)
        self.connectSoon(host)
    }

    /// kill -9: whatever was in memory, in sockets or unsynced is gone, or partly on disk.
    package mutating func killAgent(_ host: Int) {
        guard self.hosts[host].node != nil else { return }
        self.note(host, "agent", "is killed")
        self.hosts[host].node = nil
        self.hosts[host].hungUntil = nil
        self.hosts[host].inbox = []
        self.hosts[host].wakesAt = nil
        self.hosts[host].wakeStamp += 1
        self.hosts[host].agentLife += 1
        self.hosts[host].connection = nil
        for write in self.hosts[host].disk.crash(&self.random) { self.persisted(write, host) }
    }

    package mutating func restartAgent(_ host: Int, after delay: Duration = .zero) {
        self.queue.add(.agentStarts(host), at: self.now + delay)
    }

    /// SIGSTOP, and SIGCONT after a while.
    package mutating func hangAgent(_ host: Int, for span: Duration) {
        guard self.hosts[host].node != nil, !self.hosts[host].isHung else { return }
        self.note(host, "agent", "hangs for \(span)")
        self.hosts[host].hungUntil = self.now + span
        self.queue.add(
            .agentResumes(host, life: self.hosts[host].agentLife), at: self.now + span)
    }

    mutating func resumeAgent(_ host: Int, _ life: UInt64) {
        guard self.hosts[host].agentLife == life, let until = self.hosts[host].hungUntil,
            until <= self.now
        else { return }
        self.hosts[host].hungUntil = nil
        let events = self.hosts[host].inbox
        self.note(host, "agent", "goes on with \(events.count) events")
        self.hosts[host].inbox = []
        for event in events where self.hosts[host].agentLife == life { self.tell(host, event) }
        if self.hosts[host].agentLife == life { self.tell(host, .woke) }
    }

    mutating func wakeAgent(_ host: Int, _ stamp: UInt64) {
        guard self.hosts[host].wakeStamp == stamp else { return }
        self.hosts[host].wakesAt = nil
        guard !self.hosts[host].isHung else { return }
        self.tell(host, .woke)
    }

    /// The one way into a node.
    mutating func tell(_ host: Int, _ event: NodeEvent) {
        guard self.hosts[host].node != nil, self.violation == nil else { return }
        if self.hosts[host].isHung {
            self.hosts[host].inbox.append(event)
            return
        }
        let now = self.hosts[host].clock.read(at: self.now)
        let effects = self.hosts[host].node?.receive(event, at: now) ?? []
        let life = self.hosts[host].agentLife
        for effect in effects where self.hosts[host].agentLife == life {
            self.carryOut(effect, host)
        }
        self.scheduleWake(host, now)
    }

    private mutating func scheduleWake(_ host: Int, _ now: Now) {
        guard let span = self.hosts[host].node?.nextWakeUp(after: now) else { return }
        let due = self.now + self.hosts[host].clock.trueSpan(of: span)
        if let planned = self.hosts[host].wakesAt, planned == due { return }
        self.hosts[host].wakesAt = due
        self.hosts[host].wakeStamp += 1
        self.queue.add(.agentWakes(host, stamp: self.hosts[host].wakeStamp), at: due)
    }

    private mutating func carryOut(_ effect: NodeEffect, _ host: Int) {
        switch effect {
        case .write(let writes, let number):
            self.takeIn(writes, host)
            self.hosts[host].disk.add(SimulatedDisk.Batch(writes: writes, number: number))
            self.beginSync(host)
        case .send(let envelope, let name):
            self.transcript.mix(UInt64(host))
            self.send(envelope, from: host, to: name)
        case .askGuard(let request): self.ask(host, request, after: .zero)
        case .launch(let name, let epoch, let spec): self.launch(host, name, epoch, spec)
        case .respond(let id, let response): self.respond(id, response, host)
        case .observed(let event):
            if event.kind == .claimed { self.figures.claims += 1 }
            if self.settings.keepsTranscript || self.settings.plan == .calm {
                self.observed.append((host, event))
            }
            self.note(
                host, "event",
                "\(event.kind.rawValue) \(event.key?.text ?? "") \(event.text)")
        case .relayed(let bytes, _):
            self.note(host, "api", "is handed \(bytes.count) bytes")
        case .released:
            self.note(host, "agent", "has given everything back and ends")
            self.killAgent(host)
            if self.hosts[host].guardProcess == nil || self.isQuiet { self.restartAgent(host) }
        case .halt(let failure): self.checker.fail(.defect, "\(self.names[host]): \(failure)")
        }
    }

    private mutating func respond(_ id: UInt64, _ response: NodeResponse, _ host: Int) {
        self.figures.answers += 1
        self.answers[id] = response
        self.note(host, "user", "is told about question \(id): \(Self.text(response))")
        self.history.answered(id, response, &self.checker)
    }

    private static func text(_ response: NodeResponse) -> String {
        switch response {
        case .chosen(let record): "chosen, \(Self.text(record))"
        case .refused(let reason, let record): "refused (\(reason)), \(Self.text(record))"
        case .unknown: "unknown"
        case .noQuorum: "no quorum"
        }
    }

    static func text(_ record: KeyRecord?) -> String {
        guard let record else { return "nothing" }
        let holder = record.holder.map { "\($0.session)" } ?? "nobody"
        let wanted = record.isRunWanted ? "wanted" : "not wanted"
        return "#\(record.token) held by \(holder), \(wanted)"
    }

    private mutating func launch(_ host: Int, _ name: RunName, _ epoch: Epoch, _ spec: JobSpec) {
        let delay = self.random.upTo(.milliseconds(3))
        if !self.isQuiet, self.random.chance(self.plan.impossibleLaunches) {
            let life = self.hosts[host].agentLife
            self.queue.add(
                .agentHears(host, life: life, .launchImpossible(name, reason: "no such user")),
                at: self.now + delay)
            return
        }
        let order = LaunchOrder(
            name: name, epoch: epoch, executable: "/bin/job", arguments: spec.command,
            environment: [], directory: "/", userID: 0, groupID: 0, supplementaryGroups: [],
            stopSignal: spec.stop.signal, stopGrace: spec.stop.grace,
            onDeadline: DeadlineAction(spec.onQuorumLoss), freezeLimit: spec.freezeLimit)
        self.ask(host, .launch(order), after: delay)
    }
}

extension DeadlineAction {
    init(_ action: QuorumLossAction) {
        switch action {
        case .freeze: self = .freeze
        case .stop: self = .stop
        case .kill: self = .kill
        }
    }
}
