import HoldfastCore
import HoldfastGuardCore
import HoldfastJobs

/// One holding of a key by this host, from the claim that was chosen to the vacancy that is.
///
///     launching ──launched──▶ running ──exited──▶ ended ──vacancy chosen──▶ gone
///         └────────failed, refused──────────────────┘
struct Run: Equatable, Sendable {
    enum Phase: Equatable, Sendable {
        case launching
        case running(processID: Int32)
        /// Nothing of it executes, and its token is burned (C8).
        case ended(KeyChange.Vacancy)
    }

    let token: Token
    /// `nil` for a run found at the guard, until its record is read.
    var nonce: Nonce?
    var phase: Phase
    /// Whether the guard was asked to stop it.
    var isStopping = false
    /// Whether the vacancy is on its way.
    var isVacating = false
}

/// A holding that was claimed and will not be launched: its token is being burned (C2, C8).
struct Burning: Equatable, Sendable {
    let nonce: Nonce
    let how: Ending.How
    let cause: Ending.Cause
}
