package import HoldfastCore

/// The value of the register of a key: who holds it, what is declared under it, how it last ended.
///
/// Nothing in it is ever deduced elsewhere: what is not in a chosen record did not happen.
package struct KeyRecord: Hashable, Sendable {
    /// The fencing token of the newest holding: the counter of the ballot that made it (P12).
    ///
    /// It outlives the holding and never falls.
    package var token: Token = 0
    package var holder: Holder?
    package var job: Declaration?
    /// How the holding before the present one ended.
    package var last: Ending?
    /// Ends in a row that were failures; sets the delay (C3).
    package var restarts: UInt32 = 0
    /// Not before so long after this record was chosen may the key be claimed (C3).
    ///
    /// Each host counts it from when it learns the record: no clock is compared.
    package var delay: Duration = .zero
    /// When recent runs ended, oldest first, for `RestartPolicy.giveUp`.
    package var recentEnds: [WallTime] = []
    package var rest: Rest = .none
    /// The nonce of the newest change that a user asked for: a retry recognises it (P9).
    package var lastRequest: Nonce?

    package init() {}

    /// Whether some host should run the key, if nobody does.
    package var isRunWanted: Bool {
        guard let job = self.job else { return false }
        return job.isWanted && self.rest == .none
    }
}

/// The session that has a key, and the one holding that its nonce names.
package struct Holder: Hashable, Sendable {
    package enum Phase: Hashable, Sendable {
        case starting
        case running(processID: Int32)
    }

    package var session: SessionID
    package var nonce: Nonce
    package var phase: Phase
    /// The generation of the declaration that this holding runs.
    package var generation: UInt64
    /// When the phase began, by the holder's wall clock.
    package var since: WallTime

    package init(
        session: SessionID, nonce: Nonce, phase: Phase, generation: UInt64, since: WallTime
    ) {
        self.session = session
        self.nonce = nonce
        self.phase = phase
        self.generation = generation
        self.since = since
    }
}

/// What is declared under a key, and whether it is to run.
package struct Declaration: Hashable, Sendable {
    package var spec: JobSpec
    /// Rises with every change of the spec and every restart that was asked for: a run of an
    /// older generation is stopped and followed by one of the newest.
    package var generation: UInt64
    package var isWanted: Bool
    /// Declared by `run`, not by a file.
    package var isTransient: Bool

    package init(spec: JobSpec, generation: UInt64, isWanted: Bool, isTransient: Bool) {
        self.spec = spec
        self.generation = generation
        self.isWanted = isWanted
        self.isTransient = isTransient
    }
}

/// Why a key that is wanted is not to be claimed.
package enum Rest: UInt8, Hashable, Sendable, CaseIterable {
    case none = 0
    /// Its last run ended as its restart policy wants it to end.
    case finished = 1
    /// It ended too often (`give_up`).
    case gaveUp = 2
}

/// How a holding ended.
package struct Ending: Hashable, Sendable {
    package enum How: Hashable, Sendable {
        case exited(code: UInt8)
        case signalled(UInt8, dumpedCore: Bool)
        /// The launch failed at a step, numbered as the guard numbers them.
        case launchFailed(step: UInt8, errorNumber: Int32)
        /// The host could not or would not launch it; the text says why.
        case refused(String)
        /// The session of its host was closed while it was held.
        case lost
        /// Claimed and never launched.
        case neverStarted
    }

    /// At whose will it ended.
    package enum Cause: UInt8, Hashable, Sendable, CaseIterable {
        case itself = 1
        /// Somebody asked for a stop, a restart, another version or a removal.
        case stopped = 2
        /// Its host had lost the quorum.
        case fenced = 3
        case outOfMemory = 4
        /// Its host was being stopped.
        case hostEnding = 5
    }

    package var token: Token
    package var session: SessionID
    package var how: How
    package var cause: Cause
    /// By the wall clock of the host that reported it.
    package var at: WallTime
    package var ran: Duration

    package init(
        token: Token, session: SessionID, how: How, cause: Cause, at: WallTime, ran: Duration
    ) {
        self.token = token
        self.session = session
        self.how = how
        self.cause = cause
        self.at = at
        self.ran = ran
    }
}
