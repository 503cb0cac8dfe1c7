import HoldfastCore
import HoldfastGuardCore
import HoldfastJobs
import HoldfastPaxos
import HoldfastSessions
import HoldfastWire

/// Watches a world from above, and holds it to the invariants after every step.
///
/// It knows what no host knows: what every disk holds and which processes execute, at one and the
/// same instant. It remembers the first violation; the world ends there.
struct Checker: Sendable {
    struct Execution: Sendable, Equatable {
        var host: Int
        var name: RunName
        var epoch: Epoch
    }

    struct Attempt: Hashable, Sendable {
        var asker: Int
        var number: UInt64
    }

    struct Asked: Equatable, Sendable {
        var register: RegisterID
        var ballot: Ballot?
        var isAmbiguous = false
    }

    struct Beat: Hashable, Sendable {
        var host: Int
        var agentNumber: UInt64
        var sequence: UInt64
    }

    let majority: Int
    let names: [HostName]
    private(set) var violation: Violation?
    var now = VirtualTime.zero
    var registers: [RegisterID: RegisterHistory] = [:]
    private var proposed: [RegisterID: [Ballot: [UInt8]]] = [:]
    /// Per host, the highest epoch that is chosen to be over.
    private(set) var closedThrough: [Epoch]
    private(set) var executing: [String: [Execution]] = [:]
    private var launched: [String: Token] = [:]
    /// Per key, the highest token whose holding is chosen to be over.
    private var over: [String: Token] = [:]
    private var claims: [RunName: SessionID] = [:]
    private var requests: [RegisterID: Set<Nonce>] = [:]
    private var asked: [Attempt: Asked] = [:]
    private var beats: [Beat: Epoch] = [:]

    init(names: [HostName]) {
        self.names = names
        self.majority = names.count / 2 + 1
        self.closedThrough = Array(repeating: 0, count: names.count)
    }

    mutating func fail(_ rule: Violation.Rule, _ text: String) {
        guard self.violation == nil else { return }
        self.violation = Violation(rule, at: self.now, text)
    }

    // MARK: Processes

    /// A process begins to execute, or goes on after a thaw.
    mutating func began(_ execution: Execution, isLaunch: Bool) {
        let name = execution.name
        let others = self.executing[name.key] ?? []
        if let other = others.first(where: { $0 != execution }) {
            self.fail(
                .onePerKey,
                "\(name) executes on \(self.names[execution.host]) while \(other.name) "
                    + "executes on \(self.names[other.host])")
        }
        if execution.epoch <= self.closedThrough[execution.host] {
            self.fail(
                .closedIsOver,
                "\(name) executes though session \(self.names[execution.host])/"
                    + "\(execution.epoch) is chosen closed")
        }
        if name.token <= self.over[name.key] ?? 0 {
            self.fail(.closedIsOver, "\(name) executes after its holding was chosen to be over")
        }
        if isLaunch { self.checkLaunch(execution) }
        self.executing[name.key] = others.filter { $0 != execution } + [execution]
    }

    private mutating func checkLaunch(_ execution: Execution) {
        let name = execution.name
        if name.token <= self.launched[name.key] ?? 0 {
            self.fail(
                .tokensRise, "\(name) is launched after token \(self.launched[name.key] ?? 0)")
        }
        self.launched[name.key] = name.token
        let session = SessionID(host: self.names[execution.host], epoch: execution.epoch)
        if self.claims[name] != session {
            self.fail(
                .launchOnlyWhatIsChosen,
                "\(name) is launched by \(session), whose claim is not chosen")
        }
    }

    mutating func ended(_ name: RunName, on host: Int) {
        self.executing[name.key]?.removeAll { $0.name == name && $0.host == host }
    }

    // MARK: Registers

    /// An acceptor is to write this: heartbeats obey it from now on (S2).
    mutating func proposedValue(_ register: RegisterID, _ accepted: Accepted) {
        if let known = self.proposed[register]?[accepted.ballot] {
            if known != accepted.value {
                self.fail(.oneBallotOneValue, "\(register) has two values at \(accepted.ballot)")
            }
        } else {
            self.proposed[register, default: [:]][accepted.ballot] = accepted.value
        }
    }

    /// - Returns: The record of a key, where this made a new one chosen.
    mutating func persisted(
        _ register: RegisterID, _ accepted: Accepted, by host: Int
    ) -> KeyRecord? {
        self.proposedValue(register, accepted)
        let news = self.registers[register, default: RegisterHistory()].persisted(
            by: host, accepted, majority: self.majority)
        guard case .chosen(let before) = news else { return nil }
        do {
            switch register.bucket {
            case RegisterID.keyBucket:
                let record = try RecordCoding.decodeKey(accepted.value)
                try self.chose(register, record, after: before)
                return record
            case RegisterID.sessionBucket:
                let record = try RecordCoding.decodeSession(accepted.value)
                try self.chose(register, record, after: before)
            default: self.fail(.defect, "\(register) belongs to nobody")
            }
        } catch {
            self.fail(.defect, "\(register) at \(accepted.ballot) cannot be read: \(error)")
        }
        return nil
    }

    private mutating func chose(
        _ register: RegisterID, _ record: KeyRecord, after: RegisterHistory.Version?
    ) throws(MalformedBytes) {
        var before = KeyRecord()
        if let after { before = try RecordCoding.decodeKey(after.value) }
        let key = register.key
        if record.token < before.token {
            self.fail(.tokensRise, "the token of \(key) fell from \(before.token)")
        }
        if let holder = record.holder, holder.nonce != before.holder?.nonce {
            if record.token <= before.token {
                self.fail(.tokensRise, "\(key) changed hands under token \(record.token) again")
            }
            self.claims[RunName(key: key, token: record.token)] = holder.session
        }
        if before.holder != nil, before.holder?.nonce != record.holder?.nonce {
            self.over[key] = max(self.over[key] ?? 0, before.token)
            if let left = self.executing[key]?.first(where: { $0.name.token <= before.token }) {
                self.fail(
                    .closedIsOver,
                    "\(left.name) executes on \(self.names[left.host]) though its holding is "
                        + "chosen to be over")
            }
        }
        if let request = record.lastRequest, request != before.lastRequest,
            !self.requests[register, default: []].insert(request).inserted
        {
            self.fail(.linearizable, "one request changed \(key) twice")
        }
    }

    private mutating func chose(
        _ register: RegisterID, _ record: SessionRecord, after: RegisterHistory.Version?
    ) throws(MalformedBytes) {
        if let after {
            let before = try RecordCoding.decodeSession(after.value)
            let isSame = record == before
            let isClosing =
                before.isOpen && !record.isOpen && record.epoch == before.epoch
                && record.nonce == before.nonce
            // The next epoch may be chosen closed at once, over an opening that a minority took.
            let isNext = !before.isOpen && record.epoch > before.epoch
            if !isSame, !isClosing, !isNext {
                self.fail(.closedIsOver, "\(register) went from \(before) to \(record)")
            }
        }
        guard let host = self.names.firstIndex(where: { $0.text == register.key }) else { return }
        let closed = record.isOpen ? record.epoch - 1 : record.epoch
        guard closed > self.closedThrough[host] else { return }
        self.closedThrough[host] = closed
        for key in self.executing.keys.sorted() {
            for execution in self.executing[key] ?? []
            where execution.host == host && execution.epoch <= closed {
                self.fail(
                    .closedIsOver,
                    "\(register) is chosen closed through \(closed) while \(execution.name) "
                        + "executes there")
            }
        }
    }

    // MARK: What hosts say

    mutating func said(
        _ message: PeerMessage, by host: Int, to other: Int, _ speaker: SimulatedHost
    ) {
        switch message {
        case .prepare(let attempt, let register, let ballot):
            self.ask(host, attempt, Asked(register: register, ballot: ballot))
        case .accept(let attempt, let register, let proposal, _):
            self.proposedValue(register, proposal)
            self.ask(host, attempt, Asked(register: register, ballot: proposal.ballot))
        case .read(let attempt, let register):
            self.ask(host, attempt, Asked(register: register, ballot: nil))
        case .promise(let attempt, let accepted):
            self.checkReply(other, attempt, accepted, speaker, isPromise: true)
        case .report(let attempt, let accepted):
            self.checkReply(other, attempt, accepted, speaker, isPromise: false)
        case .accepted(let attempt): self.checkAcceptance(other, attempt, speaker)
        case .chosen(let register, let accepted):
            if self.registers[register]?.isChosen(accepted.ballot) != true {
                self.fail(
                    .linearizable,
                    "\(speaker.name) calls \(register) at \(accepted.ballot) chosen, and it is not")
            }
        case .heartbeat(let beat):
            let name = Beat(host: host, agentNumber: beat.agentNumber, sequence: beat.sequence)
            // Numbers begin anew with a new guard: then the lowest epoch is what one can be sure of.
            self.beats[name] = max(self.beats[name] ?? 0, beat.epoch)
        case .heartbeatAcknowledged(let agentNumber, let sequence):
            self.checkAcknowledgement(
                Beat(host: other, agentNumber: agentNumber, sequence: sequence), speaker)
        case .nack, .digest, .inventory, .heartbeatRefused, .probe, .probeAnswered, .wouldClose,
            .wouldCloseAnswer, .forward, .forwarded, .formation, .relay:
            break
        }
    }

    private mutating func ask(_ host: Int, _ number: UInt64, _ asked: Asked) {
        let attempt = Attempt(asker: host, number: number)
        var asked = asked
        if let known = self.asked[attempt], known != asked { asked.isAmbiguous = true }
        self.asked[attempt] = asked
    }

    /// I5: what a reply shows is durable.
    private mutating func checkReply(
        _ asker: Int, _ number: UInt64, _ accepted: Accepted?, _ speaker: SimulatedHost,
        isPromise: Bool
    ) {
        guard let asked = self.asked[Attempt(asker: asker, number: number)], !asked.isAmbiguous
        else { return }
        let durable = speaker.disk.durable
        let ballot = durable.registers[asked.register]?.ballot
        if let accepted, ballot.map({ $0 < accepted.ballot }) ?? true {
            self.fail(
                .durableBeforeReply,
                "\(speaker.name) shows \(asked.register) at \(accepted.ballot) "
                    + "before it is durable")
        }
        if isPromise, let ballot = asked.ballot, ballot.counter > durable.ceiling {
            self.fail(
                .durableBeforeReply,
                "\(speaker.name) promises \(ballot) above its ceiling \(durable.ceiling)")
        }
    }

    private mutating func checkAcceptance(
        _ asker: Int, _ number: UInt64, _ speaker: SimulatedHost
    ) {
        guard let asked = self.asked[Attempt(asker: asker, number: number)], !asked.isAmbiguous,
            let ballot = asked.ballot
        else { return }
        let durable = speaker.disk.durable.registers[asked.register]?.ballot
        guard let durable, durable >= ballot else {
            self.fail(
                .durableBeforeReply,
                "\(speaker.name) accepts \(asked.register) at \(ballot) before it is durable")
            return
        }
    }

    /// I7.
    private mutating func checkAcknowledgement(_ beat: Beat, _ speaker: SimulatedHost) {
        guard let epoch = self.beats[beat],
            let taken = speaker.sessionsTakenIn[.session(of: self.names[beat.host])],
            let record = try? RecordCoding.decodeSession(taken.value),
            record.proves(closed: epoch)
        else { return }
        self.fail(
            .noAcknowledgementAfterClosing,
            "\(speaker.name) acknowledges \(self.names[beat.host])/\(epoch) after it took in "
                + "\(record)")
    }
}
