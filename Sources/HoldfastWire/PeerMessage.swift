package import HoldfastCore
package import HoldfastJobs
package import HoldfastPaxos
package import HoldfastSessions

/// What one agent says to another.
///
/// `attempt` is the asker's own number for one ballot, read or question; answers repeat it.
package enum PeerMessage: Hashable, Sendable {
    case prepare(attempt: UInt64, RegisterID, Ballot)
    case promise(attempt: UInt64, accepted: Accepted?)
    case accept(attempt: UInt64, RegisterID, Accepted, promiseNext: Bool)
    case accepted(attempt: UInt64)
    /// Refused; `promised` names the ballot that won, or is `nil` where a session's timer or its
    /// quarantine forbids the change (S2, S7).
    case nack(attempt: UInt64, promised: Ballot?)
    case read(attempt: UInt64, RegisterID)
    case report(attempt: UInt64, accepted: Accepted?)

    /// A record that is chosen (P10).
    case chosen(RegisterID, Accepted)
    /// One hash per bucket of registers: what the sender knows to be chosen (P10).
    case digest([UInt64])
    /// Everything that the sender knows in some buckets; `isAnswer` ends the exchange.
    case inventory(buckets: [UInt8], [KnownBallot], isAnswer: Bool)

    case heartbeat(SessionVoter.Heartbeat)
    case heartbeatAcknowledged(agentNumber: UInt64, sequence: UInt64)
    /// A closing of this epoch, or another process's session, was taken in (S2).
    case heartbeatRefused(epoch: Epoch)
    /// Arms nothing (S9).
    case probe(sequence: UInt64)
    case probeAnswered(sequence: UInt64)
    /// Would you accept that this session expired (S3)?
    case wouldClose(attempt: UInt64, SessionID)
    case wouldCloseAnswer(attempt: UInt64, Bool)

    /// Propose this for me, under counters in `above + 1 ... through` only (P7).
    case forward(attempt: UInt64, Key, KeyChange, above: UInt64, through: UInt64)
    case forwarded(attempt: UInt64, ForwardOutcome)

    case formation(FormationNotice)

    /// A question of one host's API to another, and what it answers; opaque to the core.
    case relay([UInt8])
}

/// The ballot at which a register is known to be chosen.
package struct KnownBallot: Hashable, Sendable {
    package var register: RegisterID
    package var ballot: Ballot

    package init(register: RegisterID, ballot: Ballot) {
        self.register = register
        self.ballot = ballot
    }
}

/// What became of a forwarded change (P7).
package enum ForwardOutcome: Hashable, Sendable {
    /// Chosen with this record; the change is in it.
    case won(Accepted)
    /// Chosen with this record, which keeps the change out.
    case refused(KeyChange.Refusal, Accepted?)
    /// Never proposed, and never will be.
    case notProposed
}

/// What hosts tell each other until all intended voters agree on the first configuration (M2).
package struct FormationNotice: Hashable, Sendable {
    /// The cluster's name, size, lease and intended voters, hashed: must be equal everywhere.
    package var intention: UInt64
    package var acceptor: AcceptorID
    /// The configuration that the sender would form, once it knows every voter's acceptor.
    package var agreed: ClusterID?
    /// The configuration that the sender has formed, durably.
    package var formed: ClusterConfiguration?

    package init(
        intention: UInt64, acceptor: AcceptorID, agreed: ClusterID?, formed: ClusterConfiguration?
    ) {
        self.intention = intention
        self.acceptor = acceptor
        self.agreed = agreed
        self.formed = formed
    }
}

/// A message with the marks by which a stranger's is known (M1, M4).
package struct Envelope: Hashable, Sendable {
    /// `nil` only while the sender belongs to no cluster yet.
    package var cluster: ClusterID?
    /// The version of the sender's configuration; 0 while it has none.
    package var version: UInt64
    /// The data directory that speaks.
    package var acceptor: AcceptorID
    package var message: PeerMessage

    package init(
        cluster: ClusterID?, version: UInt64, acceptor: AcceptorID, message: PeerMessage
    ) {
        self.cluster = cluster
        self.version = version
        self.acceptor = acceptor
        self.message = message
    }
}
