import HoldfastCore
import HoldfastJobs
import HoldfastPaxos
import HoldfastSessions
import HoldfastWire

/// A change of a register, whatever its record.
enum RegisterChange: Equatable, Sendable {
    case key(KeyChange)
    case session(SessionChange)
    /// A read that no majority agreed on: writes what is there once more, unless the promises
    /// themselves were a majority's answer (P8).
    case identity
    /// Writes what is there once more in any case: it is a minority that needs it (S2 °, P11).
    case rewrite

    /// Whether applying it twice does no harm (P9).
    var mayRepeat: Bool {
        switch self {
        case .key(let change): change.mayRepeat
        // Conditional on epoch and nonce, and closed is final.
        case .session, .identity, .rewrite: true
        }
    }
}

/// Why a change is not in the record that answers it.
enum RegisterRefusal: Equatable, Sendable {
    case key(KeyChange.Refusal)
    case session(SessionChange.Refusal)
    case identity
    /// The record there is of a version this program does not know.
    case notUnderstood
}

/// What became of a change.
enum ChangeOutcome: Equatable, Sendable {
    /// Chosen, and the change is in it.
    case won(Accepted)
    /// Chosen, or never written; the record keeps the change out.
    case refused(RegisterRefusal, Accepted?)
    case unknown
    /// Never proposed, and never will be.
    case notProposed
}

/// What a change or a read was for: where its outcome goes.
enum Purpose: Equatable, Sendable {
    case request(RequestID)
    case claim(Key, Nonce)
    case started(Key)
    case vacate(Key, Token)
    case reap(Key)
    case openSession(Epoch, Nonce)
    case closeSession(SessionID)
    case releaseSession(Epoch, Nonce)
    case healSession(Epoch, Nonce)
    case examineSession
    case learn
    case forOther(HostName, attempt: UInt64)
}

/// A change that waits for a ballot, or is under way.
struct PendingChange: Equatable, Sendable {
    let id: UInt64
    let change: RegisterChange
    let purpose: Purpose
    /// On the monotonic clock, nanoseconds.
    let expires: Int64
    /// The first ballot under which it may have been proposed (P9 °).
    var firstProposed: Ballot?
    /// What the record said of the newest request when the change was first put into a proposal.
    ///
    /// Requests have nonces that never recur: a record that still says the same has seen neither
    /// this change nor any that came after it (P9 °).
    var baseline: Baseline?
    /// Under counters above this only: a ballot that was under way when the change came from
    /// elsewhere does not carry it (P7 °).
    var above: UInt64 = 0
    /// A forwarded change may be proposed under no counter above this (P7 °).
    var through: UInt64?
    var wasForwarded = false
}

/// The newest request in a record, at some moment.
struct Baseline: Equatable, Sendable {
    let lastRequest: Nonce?
}

/// Everything this host does about one register.
struct RegisterWork: Equatable, Sendable {
    struct Attempt: Equatable, Sendable {
        let id: UInt64
        var proposer: Proposer
        /// Changes that ride on this ballot, and what becomes of them once it is chosen.
        var carried: [Verdict] = []
        /// Whether the ballot was taken from the last change's promises (P6).
        let isFast: Bool
    }

    struct Verdict: Equatable, Sendable {
        let id: UInt64
        /// `nil`: the change is in the value proposed.
        let refusal: RegisterRefusal?
    }

    /// A ballot that a majority has promised already, with what it then accepted (P6).
    struct FastBallot: Equatable, Sendable {
        var ballot: Ballot
        var known: Accepted
    }

    var queue: [PendingChange] = []
    var attempt: Attempt?
    /// The attempt before it, which may still be refused somewhere.
    var lastAttempt: UInt64?
    var fast: FastBallot?
    /// The highest counter seen for this register (P7).
    var counter: UInt64 = 0
    var failures = 0

    var isIdle: Bool { self.queue.isEmpty && self.attempt == nil }
}

/// A read that waits for reports.
struct PendingRead: Equatable, Sendable {
    let register: RegisterID
    let purpose: Purpose
    let expires: Int64
    var quorum: QuorumRead
}

/// A change that the primary of its key was asked to propose (P7).
struct ForwardedChange: Equatable, Sendable {
    let register: RegisterID
    var change: PendingChange
    let above: UInt64
    let through: UInt64
}
