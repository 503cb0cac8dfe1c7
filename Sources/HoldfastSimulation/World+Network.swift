import HoldfastCore
import HoldfastNode
import HoldfastPaxos
package import HoldfastWire

/// The network: best effort, and in a bad mood.
extension World {
    mutating func send(_ envelope: Envelope, from: Int, to name: HostName) {
        guard let to = self.index(of: name) else {
            self.checker.fail(.defect, "\(self.names[from]) writes to a stranger, \(name)")
            return
        }
        self.figures.messages += 1
        self.checker.said(envelope.message, by: from, to: to, self.hosts[from])
        if case .nack(_, .some) = envelope.message { self.figures.conflicts += 1 }
        switch self.intercept?(envelope, from, to) ?? .pass {
        case .drop:
            self.note(from, "net", "to \(name), dropped: \(envelope.message.summary)")
            return
        case .hold(let span):
            self.note(from, "net", "to \(name), held \(span): \(envelope.message.summary)")
            self.queue.add(.delivered(envelope, from: from, to: to), at: self.now + span)
            return
        case .pass: break
        }
        self.note(from, "net", "to \(name): \(envelope.message.summary)")
        guard !self.isQuiet else {
            self.post(envelope, from, to, delay: .milliseconds(2))
            return
        }
        if self.random.chance(self.plan.loss) {
            self.figures.lost += 1
            self.note(from, "net", "  lost")
            return
        }
        self.post(envelope, from, to, delay: self.plan.delay)
        if self.random.chance(self.plan.repetition) {
            self.figures.repeated += 1
            self.post(envelope, from, to, delay: self.plan.longDelay / 10)
        }
    }

    private mutating func post(
        _ envelope: Envelope, _ from: Int, _ to: Int, delay most: Duration
    ) {
        var delay = self.random.between(most / 10, most)
        if !self.isQuiet, self.random.chance(self.plan.lateness) {
            self.figures.late += 1
            delay = self.random.upTo(self.plan.longDelay)
        }
        self.queue.add(.delivered(envelope, from: from, to: to), at: self.now + delay)
    }

    mutating func deliver(_ envelope: Envelope, _ from: Int, _ to: Int) {
        guard self.cutUntil[from * self.names.count + to] <= self.now else { return }
        self.transcript.mix(UInt64(from * 16 + to))
        // Through bytes now and then: what cannot be written down and read again is a defect.
        if self.figures.events % 16 == 0 {
            guard let copy = try? EnvelopeCoding.decode(EnvelopeCoding.encode(envelope)),
                copy == envelope
            else {
                self.checker.fail(.defect, "not the same as bytes: \(envelope.message.summary)")
                return
            }
        }
        self.tell(to, .received(envelope, from: self.names[from]))
    }

    /// Nothing passes from one host to another, for a while.
    package mutating func cut(_ from: Int, _ to: Int, for span: Duration) {
        let link = from * self.names.count + to
        self.cutUntil[link] = max(self.cutUntil[link], self.now + span)
    }

    /// A host hears and reaches nobody, for a while.
    package mutating func isolate(_ host: Int, for span: Duration) {
        self.note(host, "net", "is cut off for \(span)")
        for other in self.names.indices where other != host {
            self.cut(host, other, for: span)
            self.cut(other, host, for: span)
        }
    }

    package mutating func healNetwork() {
        for link in self.cutUntil.indices { self.cutUntil[link] = .zero }
    }

    /// A message delivered a second time, whenever a scenario likes.
    package mutating func replay(_ envelope: Envelope, from: Int, to: Int) {
        self.queue.add(.delivered(envelope, from: from, to: to), at: self.now)
    }
}

extension PeerMessage {
    /// One line for a transcript.
    package var summary: String {
        switch self {
        case .prepare(let attempt, let register, let ballot):
            "prepare \(attempt) \(register) \(ballot)"
        case .promise(let attempt, let accepted):
            "promise \(attempt), accepted \(accepted.map { "\($0.ballot)" } ?? "nothing")"
        case .accept(let attempt, let register, let proposal, let next):
            "accept \(attempt) \(register) \(proposal.ballot)\(next ? " and promise the next" : "")"
        case .accepted(let attempt): "accepted \(attempt)"
        case .nack(let attempt, let promised):
            "nack \(attempt), promised \(promised.map { "\($0)" } ?? "to nobody")"
        case .read(let attempt, let register): "read \(attempt) \(register)"
        case .report(let attempt, let accepted):
            "report \(attempt), \(accepted.map { "\($0.ballot)" } ?? "nothing")"
        case .chosen(let register, let accepted): "chosen \(register) \(accepted.ballot)"
        case .digest: "digest"
        case .inventory(_, let known, let isAnswer):
            "inventory of \(known.count)\(isAnswer ? ", an answer" : "")"
        case .heartbeat(let beat):
            "heartbeat \(beat.epoch) \(beat.agentNumber).\(beat.sequence)"
        case .heartbeatAcknowledged(let agent, let sequence): "heard \(agent).\(sequence)"
        case .heartbeatRefused(let epoch): "refused heartbeat \(epoch)"
        case .probe(let sequence): "probe \(sequence)"
        case .probeAnswered(let sequence): "probe answered \(sequence)"
        case .wouldClose(let attempt, let session): "would close \(attempt) \(session)"
        case .wouldCloseAnswer(let attempt, let isYes):
            "would \(isYes ? "" : "not ")close \(attempt)"
        case .forward(let attempt, let key, _, let above, let through):
            "forward \(attempt) \(key) in \(above)...\(through)"
        case .forwarded(let attempt, _): "forwarded \(attempt)"
        case .formation: "formation"
        case .relay: "relay"
        }
    }
}
