import HoldfastCore
import HoldfastGuardCore
import HoldfastSessions

/// Where this host is with its own session (S1, S10, S11).
///
///     idle ──guard──▶ examining ──▶ opening ──chosen──▶ adopting ──guard──▶ serving
///      ▲                 ▲  ▲                                                  │
///      │                 │  └────────── retiring ◀── closed by others ─────────┤
///      │                 └── releasing ◀──┘                                    │
///      └──────────────────────────── guard lost ───────────────────────────────┘
///
/// A guard that vouches for a session leads from idle straight to serving.
enum Holding: Equatable, Sendable {
    /// No guard, or no cluster yet.
    case idle
    /// Reading the own register, or waiting until the last session is given up.
    case examining
    case opening(Epoch, Nonce)
    /// The session is open; the guard is asked to serve it.
    case adopting(Epoch, Nonce)
    case serving(HolderLease)
    /// The guard is asked to end everything of the epoch; then it is released, unless it is
    /// chosen closed already.
    case retiring(Epoch, Nonce, release: Bool)
    case releasing(Epoch, Nonce)
    /// The guard is ending, and everything has been given back.
    case ended
}

/// The guard this agent is connected to.
struct GuardLink: Equatable, Sendable {
    var hello: GuardHello
    var isEnding: Bool
    var isFenced: Bool
    var renewals: UInt64 = 0
    var answered: UInt64 = 0
    /// When the oldest unanswered renewal was sent.
    var waitingSince: Moment?
}

/// A session whose guard this very process saw die: provably over once its cgroups are empty
/// (S10); with another process in between nothing would be proved.
struct OrphanedSession: Equatable, Sendable {
    var epoch: Epoch
    var nonce: Nonce
    var isGuardDead: Bool
}

/// The question to all voters whether a session may be given up (S3).
struct ClosingSurvey: Equatable, Sendable {
    var session: SessionID
    var nonce: Nonce
    var yes: Set<HostName> = []
    var isDone = false
}
