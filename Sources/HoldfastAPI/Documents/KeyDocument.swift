package import HoldfastSpec

/// What a host knows about one key, as the API tells it.
///
/// Spans are in seconds, instants in RFC 3339 with milliseconds. A field that is absent has no
/// value in this state: a key that isn't running has no `pid`.
package struct KeyDocument: Codable, Sendable {
    package enum State: String, Codable, Hashable, Sendable, CaseIterable {
        /// This host can't tell: no quorum answered, and its cache is empty.
        case unknown
        case stopped
        /// Between two runs, or no host fits; `reason` says which.
        case waiting
        case starting
        case running
        /// Its host is past its deadline: frozen, or about to be ended.
        case paused
        case stopping
        case finished
        /// Restarted too often; given up until the next `start`.
        case failed
    }

    /// What was asked for, as against what is.
    package enum Wanted: String, Codable, Hashable, Sendable, CaseIterable {
        case running, stopped, absent
    }

    /// Where the answer comes from.
    package enum Basis: String, Codable, Hashable, Sendable, CaseIterable {
        /// A quorum was asked.
        case chosen
        /// What this host last heard; may be out of date.
        case cache
    }

    package var key: String
    package var state: State
    /// Why it is in this state, for people.
    package var reason: String?
    package var host: String?
    package var pid: Int32?
    /// The fencing token of the run.
    package var token: UInt64?
    /// `HOST/EPOCH`.
    package var session: String?
    package var since: String?
    package var leaseLeft: Double?
    package var basis: Basis
    package var job: JobDocument?
    package var wanted: Wanted
    package var restarts: UInt64
    package var last: EndingDocument?
    package var nextAttemptIn: Double?

    package init(
        key: String, state: State, reason: String? = nil, host: String? = nil, pid: Int32? = nil,
        token: UInt64? = nil, session: String? = nil, since: String? = nil,
        leaseLeft: Double? = nil, basis: Basis, job: JobDocument? = nil, wanted: Wanted,
        restarts: UInt64 = 0, last: EndingDocument? = nil, nextAttemptIn: Double? = nil
    ) {
        self.key = key
        self.state = state
        self.reason = reason
        self.host = host
        self.pid = pid
        self.token = token
        self.session = session
        self.since = since
        self.leaseLeft = leaseLeft
        self.basis = basis
        self.job = job
        self.wanted = wanted
        self.restarts = restarts
        self.last = last
        self.nextAttemptIn = nextAttemptIn
    }

    enum CodingKeys: String, CodingKey {
        case key, state, reason, host, pid, token, session, since
        case leaseLeft = "lease_left"
        case basis, job, wanted, restarts, last
        case nextAttemptIn = "next_attempt_in"
    }
}

/// The answer to `GET /v1/keys`, in order of key.
package struct KeyList: Codable, Sendable {
    package var keys: [KeyDocument]

    package init(keys: [KeyDocument]) {
        self.keys = keys
    }
}
