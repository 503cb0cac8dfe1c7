import HoldfastCore
import HoldfastPaxos
import HoldfastSessions
import HoldfastWire

/// Who may speak, and the acceptor's side of what is said.
extension Node {
    /// Takes a message from another host, if it is of our cluster (M1, M4).
    mutating func receive(_ envelope: Envelope, from host: HostName) {
        guard self.settings.hosts.contains(host), host != self.settings.host else { return }
        if case .formation(let notice) = envelope.message {
            self.receive(notice, from: host)
            return
        }
        guard let configuration = self.configuration else { return }
        guard envelope.cluster == configuration.cluster,
            envelope.version == configuration.version
        else {
            self.warnOnce(
                "\(host) belongs to another cluster: its messages are refused", host: host)
            return
        }
        guard configuration.voter(host)?.acceptor == envelope.acceptor else {
            self.warnOnce(
                "\(host) speaks with a data directory that did not form this cluster: "
                    + "its messages are refused", host: host)
            return
        }
        self.dispatch(envelope.message, from: host)
    }

    /// One switch over everything that is said, whoever said it.
    mutating func dispatch(_ message: PeerMessage, from host: HostName) {
        switch message {
        case .prepare, .accept, .read:
            // The answer would have to wait, for ever more of them, in memory; they are asked
            // again, by others if not by this host.
            if self.isDiskStalled { return }
        default: break
        }
        switch message {
        case .prepare(let attempt, let register, let ballot):
            self.answer(
                self.acceptor.prepare(register, ballot: ballot), attempt, register, to: host)
        case .accept(let attempt, let register, let proposal, let promiseNext):
            self.accept(attempt, register, proposal, promiseNext: promiseNext, from: host)
        case .read(let attempt, let register):
            let (accepted, afterWrite) = self.acceptor.read(register)
            self.reply(
                .report(attempt: attempt, accepted: accepted), to: host, afterWrite: afterWrite)
        case .promise, .accepted, .nack, .report: self.receiveAnswer(message, from: host)
        case .chosen(let register, let accepted): self.learn(register, accepted)
        case .digest(let digest): self.compare(digest, from: host)
        case .inventory(let buckets, let known, let isAnswer):
            self.reconcile(buckets, known, isAnswer: isAnswer, with: host)
        case .heartbeat(let heartbeat): self.receive(heartbeat, of: host)
        case .heartbeatAcknowledged(let agentNumber, let sequence):
            self.acknowledged(agentNumber, sequence, by: host)
        case .heartbeatRefused(let epoch): self.heartbeatRefused(epoch)
        case .probe(let sequence): self.send(.probeAnswered(sequence: sequence), to: host)
        case .probeAnswered(let sequence): self.probeAnswered(sequence, by: host)
        case .wouldClose(let attempt, let session):
            let isYes = !self.voter.refusesExpiry(
                of: session.host, epoch: session.epoch, at: self.now.moment)
            self.send(.wouldCloseAnswer(attempt: attempt, isYes), to: host)
        case .wouldCloseAnswer(let attempt, let isYes):
            self.surveyAnswered(attempt, isYes, by: host)
        case .forward(let attempt, let key, let change, let above, let through):
            self.propose(change, for: key, of: host, attempt, above: above, through: through)
        case .forwarded(let attempt, let outcome): self.forwardAnswered(attempt, outcome)
        case .relay(let bytes): self.effects.append(.relayed(bytes, from: host))
        case .formation: break
        }
    }

    /// Phase 2, with the checks of sessions before it and their effect at once (S2).
    private mutating func accept(
        _ attempt: UInt64, _ register: RegisterID, _ proposal: Accepted, promiseNext: Bool,
        from host: HostName
    ) {
        let session = self.sessionProposed(register, proposal)
        if let (owner, record) = session, case .closed(.expired) = record.phase,
            self.acceptor.acceptedBallot(of: register) != proposal.ballot,
            self.voter.refusesExpiry(of: owner, epoch: record.epoch, at: self.now.moment)
        {
            self.send(.nack(attempt: attempt, promised: nil), to: host)
            return
        }
        let answer = self.acceptor.accept(register, proposal, promiseNext: promiseNext)
        if answer.reply == .accepted, !answer.writes.isEmpty {
            // S2 °: from this moment, though nothing of it is durable yet.
            if let (owner, record) = session {
                self.voter.didAccept(record, of: owner, at: self.now.moment)
                self.scheduleVoterCheck()
            }
            if self.learner.ballot(of: register).map({ $0 < proposal.ballot }) ?? true {
                self.unlearned[register] = self.now.moment.monotonic
            }
        }
        self.answer(answer, attempt, register, to: host, at: proposal.ballot)
    }

    private func sessionProposed(
        _ register: RegisterID, _ proposal: Accepted
    ) -> (HostName, SessionRecord)? {
        guard register.bucket == RegisterID.sessionBucket,
            let host = try? HostName(register.key),
            let record = try? RecordCoding.decodeSession(proposal.value)
        else { return nil }
        return (host, record)
    }

    private mutating func answer(
        _ answer: Acceptor.Answer, _ attempt: UInt64, _ register: RegisterID, to host: HostName,
        at ballot: Ballot? = nil
    ) {
        if !answer.writes.isEmpty {
            self.effects.append(.write(answer.writes, number: self.acceptor.newestWrite))
        }
        let message: PeerMessage
        switch answer.reply {
        case .promise(let accepted): message = .promise(attempt: attempt, accepted: accepted)
        case .accepted: message = .accepted(attempt: attempt)
        case .nack(let promised): message = .nack(attempt: attempt, promised: promised)
        case .mismatch:
            // P13: one of the two was never allowed to be proposed.
            if let ballot {
                self.effects.append(.halt(.twoValuesAtOneBallot(register, ballot)))
            }
            return
        }
        self.reply(message, to: host, afterWrite: answer.afterWrite)
    }
}
