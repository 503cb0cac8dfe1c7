package import HoldfastCore
import HoldfastJobs
import HoldfastPaxos
import HoldfastSessions

/// Envelopes as bytes: one frame each, versioned, nothing before and nothing after.
package enum EnvelopeCoding {
    private static let version: UInt8 = 1

    package static func encode(_ envelope: Envelope) -> [UInt8] {
        var out = ByteWriter(reserving: 256)
        out.write(Self.version)
        out.write(envelope.cluster) { $0.write($1) }
        out.write(envelope.version)
        out.write(envelope.acceptor)
        out.write(envelope.message)
        return out.bytes
    }

    /// - Throws: `MalformedBytes` for anything that `encode` cannot have written.
    package static func decode(_ bytes: [UInt8]) throws(MalformedBytes) -> Envelope {
        guard bytes.count <= Limits.peerFrameBytes else { throw .tooLarge }
        var input = ByteReader(bytes)
        guard try input.byte() == Self.version else { throw .unknown }
        let envelope = Envelope(
            cluster: try input.optional { (r) throws(MalformedBytes) in try r.identifier() },
            version: try input.integer(), acceptor: try input.identifier(),
            message: try input.message())
        try input.finish()
        return envelope
    }
}

private enum Kind: UInt8 {
    case prepare = 1, promise, accept, accepted, nack, read, report
    case chosen, digest, inventory
    case heartbeat, heartbeatAcknowledged, heartbeatRefused, probe, probeAnswered
    case wouldClose, wouldCloseAnswer
    case forward, forwarded
    case formation, relay
}

extension ByteWriter {
    fileprivate mutating func write(_ message: PeerMessage) {
        switch message {
        case .prepare(let attempt, let register, let ballot):
            self.begin(.prepare, attempt)
            self.write(register)
            self.write(ballot)
        case .promise(let attempt, let accepted):
            self.begin(.promise, attempt)
            self.write(accepted) { $0.write($1) }
        case .accept(let attempt, let register, let proposal, let promiseNext):
            self.begin(.accept, attempt)
            self.write(register)
            self.write(proposal)
            self.write(promiseNext)
        case .accepted(let attempt): self.begin(.accepted, attempt)
        case .nack(let attempt, let promised):
            self.begin(.nack, attempt)
            self.write(promised) { $0.write($1) }
        case .read(let attempt, let register):
            self.begin(.read, attempt)
            self.write(register)
        case .report(let attempt, let accepted):
            self.begin(.report, attempt)
            self.write(accepted) { $0.write($1) }
        case .chosen, .digest, .inventory: self.writeKnowledge(message)
        case .heartbeat, .heartbeatAcknowledged, .heartbeatRefused, .probe, .probeAnswered,
            .wouldClose, .wouldCloseAnswer:
            self.writeSessions(message)
        case .forward(let attempt, let key, let change, let above, let through):
            self.begin(.forward, attempt)
            self.write(key.text)
            self.write(change)
            self.write(above)
            self.write(through)
        case .forwarded(let attempt, let outcome):
            self.begin(.forwarded, attempt)
            self.write(outcome)
        case .formation(let notice):
            self.write(Kind.formation.rawValue)
            self.write(notice.intention)
            self.write(notice.acceptor)
            self.write(notice.agreed) { $0.write($1) }
            self.write(notice.formed) { $0.write($1) }
        case .relay(let bytes):
            self.write(Kind.relay.rawValue)
            self.write(bytes)
        }
    }

    private mutating func begin(_ kind: Kind, _ attempt: UInt64) {
        self.write(kind.rawValue)
        self.write(attempt)
    }

    private mutating func writeKnowledge(_ message: PeerMessage) {
        switch message {
        case .chosen(let register, let accepted):
            self.write(Kind.chosen.rawValue)
            self.write(register)
            self.write(accepted)
        case .digest(let buckets):
            self.write(Kind.digest.rawValue)
            self.write(list: buckets) { $0.write($1) }
        case .inventory(let buckets, let known, let isAnswer):
            self.write(Kind.inventory.rawValue)
            self.write(buckets)
            self.write(list: known) {
                $0.write($1.register)
                $0.write($1.ballot)
            }
            self.write(isAnswer)
        default: preconditionFailure("not a message about what is known")
        }
    }

    private mutating func writeSessions(_ message: PeerMessage) {
        switch message {
        case .heartbeat(let heartbeat):
            self.begin(.heartbeat, heartbeat.epoch)
            self.write(heartbeat.nonce)
            self.write(heartbeat.agentNumber)
            self.write(heartbeat.sequence)
            self.write(heartbeat.term)
        case .heartbeatAcknowledged(let agentNumber, let sequence):
            self.begin(.heartbeatAcknowledged, agentNumber)
            self.write(sequence)
        case .heartbeatRefused(let epoch): self.begin(.heartbeatRefused, epoch)
        case .probe(let sequence): self.begin(.probe, sequence)
        case .probeAnswered(let sequence): self.begin(.probeAnswered, sequence)
        case .wouldClose(let attempt, let session):
            self.begin(.wouldClose, attempt)
            self.write(session)
        case .wouldCloseAnswer(let attempt, let isYes):
            self.begin(.wouldCloseAnswer, attempt)
            self.write(isYes)
        default: preconditionFailure("not a message about sessions")
        }
    }
}

extension ByteReader {
    fileprivate mutating func message() throws(MalformedBytes) -> PeerMessage {
        let kind: Kind = try self.tag()
        switch kind {
        case .prepare:
            return .prepare(
                attempt: try self.integer(), try self.register(), try self.ballot())
        case .promise: return .promise(attempt: try self.integer(), accepted: try self.known())
        case .accept:
            return .accept(
                attempt: try self.integer(), try self.register(), try self.accepted(),
                promiseNext: try self.bool())
        case .accepted: return .accepted(attempt: try self.integer())
        case .nack:
            return .nack(
                attempt: try self.integer(),
                promised: try self.optional { (r) throws(MalformedBytes) in try r.ballot() })
        case .read: return .read(attempt: try self.integer(), try self.register())
        case .report: return .report(attempt: try self.integer(), accepted: try self.known())
        case .chosen: return .chosen(try self.register(), try self.accepted())
        case .digest:
            return .digest(
                try self.list(limit: 256) { (r) throws(MalformedBytes) in try r.integer() })
        case .inventory: return try self.inventory()
        case .forward:
            return .forward(
                attempt: try self.integer(), try self.key(), try self.keyChange(),
                above: try self.integer(), through: try self.integer())
        case .forwarded:
            return .forwarded(attempt: try self.integer(), try self.forwardOutcome())
        case .formation: return .formation(try self.formation())
        case .relay: return .relay(try self.blob(limit: Limits.peerFrameBytes))
        case .heartbeat, .heartbeatAcknowledged, .heartbeatRefused, .probe, .probeAnswered,
            .wouldClose, .wouldCloseAnswer:
            return try self.sessionMessage(kind)
        }
    }

    private mutating func sessionMessage(_ kind: Kind) throws(MalformedBytes) -> PeerMessage {
        switch kind {
        case .heartbeat:
            return .heartbeat(
                SessionVoter.Heartbeat(
                    epoch: try self.ordinal(), nonce: try self.identifier(),
                    agentNumber: try self.integer(), sequence: try self.integer(),
                    term: try self.term()))
        case .heartbeatAcknowledged:
            return .heartbeatAcknowledged(
                agentNumber: try self.integer(), sequence: try self.integer())
        case .heartbeatRefused: return .heartbeatRefused(epoch: try self.integer())
        case .probe: return .probe(sequence: try self.integer())
        case .probeAnswered: return .probeAnswered(sequence: try self.integer())
        case .wouldClose:
            return .wouldClose(attempt: try self.integer(), try self.session())
        case .wouldCloseAnswer:
            return .wouldCloseAnswer(attempt: try self.integer(), try self.bool())
        default: throw .unknown
        }
    }

    private mutating func known() throws(MalformedBytes) -> Accepted? {
        try self.optional { (r) throws(MalformedBytes) in try r.accepted() }
    }

    private mutating func inventory() throws(MalformedBytes) -> PeerMessage {
        let buckets = try self.blob(limit: 256)
        let known = try self.list(limit: Limits.inventoryCount) { (r) throws(MalformedBytes) in
            KnownBallot(register: try r.register(), ballot: try r.ballot())
        }
        return .inventory(buckets: buckets, known, isAnswer: try self.bool())
    }

    private mutating func formation() throws(MalformedBytes) -> FormationNotice {
        FormationNotice(
            intention: try self.integer(), acceptor: try self.identifier(),
            agreed: try self.optional { (r) throws(MalformedBytes) in try r.identifier() },
            formed: try self.optional { (r) throws(MalformedBytes) in try r.configuration() })
    }
}
