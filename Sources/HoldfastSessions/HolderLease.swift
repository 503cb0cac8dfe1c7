package import HoldfastCore

/// The lease of a host, as its holder counts it: from the time before it asked.
///
///     serving ──fencing deadline passed──▶ probing ──majority answers a probe──▶ serving
///
/// While serving it sends heartbeats. Past the deadline it sends only probes, which arm nothing,
/// and one heartbeat for each probe that a majority answered (S9), so that a host that hears
/// nobody keeps no key blocked.
package struct HolderLease: Equatable, Sendable {
    package let epoch: Epoch
    package let nonce: Nonce
    /// Only acknowledgements of one's own number count (S11).
    package let agentNumber: UInt64
    private let settings: LeaseSettings
    private let voterCount: Int
    private var sequence: UInt64 = 0
    private var sent: [UInt64: Moment] = [:]
    private var newestAcknowledged: [HostName: Moment] = [:]
    private var probeSequence: UInt64 = 0
    private var probeAnswers: Set<HostName> = []
    private var probeIsOpen = false
    private let began: Moment

    package init(
        epoch: Epoch, nonce: Nonce, agentNumber: UInt64, settings: LeaseSettings,
        voterCount: Int, now: Moment
    ) {
        self.epoch = epoch
        self.nonce = nonce
        self.agentNumber = agentNumber
        self.settings = settings
        self.voterCount = voterCount
        self.began = now
    }

    private var majority: Int { self.voterCount / 2 + 1 }

    /// What to send to every voter when the heartbeat timer fires.
    package enum Beat: Equatable, Sendable {
        case heartbeat(SessionVoter.Heartbeat)
        case probe(sequence: UInt64)
    }

    /// - Parameter now: Read before the messages are handed to the network (S5).
    /// - Returns: What to send to every voter.
    package mutating func beat(at now: Moment) -> Beat {
        guard self.isPastDeadline(at: now) else { return .heartbeat(self.heartbeat(at: now)) }
        self.probeSequence += 1
        self.probeAnswers = []
        self.probeIsOpen = true
        return .probe(sequence: self.probeSequence)
    }

    /// - Returns: The one heartbeat that a majority of answers to the newest probe entitles to.
    package mutating func probeAnswered(
        by voter: HostName, sequence: UInt64, at now: Moment
    ) -> SessionVoter.Heartbeat? {
        guard self.probeIsOpen, sequence == self.probeSequence else { return nil }
        self.probeAnswers.insert(voter)
        guard self.probeAnswers.count >= self.majority else { return nil }
        self.probeIsOpen = false
        return self.heartbeat(at: now)
    }

    private mutating func heartbeat(at now: Moment) -> SessionVoter.Heartbeat {
        self.sequence += 1
        self.sent[self.sequence] = now
        if self.sequence > Self.remembered {
            self.sent[self.sequence - Self.remembered] = nil
        }
        return SessionVoter.Heartbeat(
            epoch: self.epoch, nonce: self.nonce, agentNumber: self.agentNumber,
            sequence: self.sequence, term: self.settings.term)
    }

    /// Heartbeats whose send times are kept: more than fit into any lease.
    private static let remembered: UInt64 = 64

    /// A voter acknowledged a heartbeat; the send time is looked up, never echoed (S5).
    ///
    /// - Returns: Whether the lease now starts later than before.
    package mutating func acknowledged(by voter: HostName, sequence: UInt64) -> Bool {
        guard let sent = self.sent[sequence] else { return false }
        let before = self.start
        if let newest = self.newestAcknowledged[voter], newest.boot >= sent.boot { return false }
        self.newestAcknowledged[voter] = sent
        return self.start != before
    }

    /// Where the lease starts: the m-th newest acknowledged send time, m a majority (S5).
    package var start: Moment? {
        let sorted = self.newestAcknowledged.values.sorted { $0.boot > $1.boot }
        return sorted.count >= self.majority ? sorted[self.majority - 1] : nil
    }

    /// The deadlines that the lease allows (S6); `nil` before the first majority.
    package var deadlines: (soft: Moment, hard: Moment)? {
        self.start.map {
            ($0.advanced(by: self.settings.soft), $0.advanced(by: self.settings.fence))
        }
    }

    /// Whether new launches are still allowed.
    package func mayLaunch(at now: Moment) -> Bool {
        guard let start = self.start else { return false }
        return now.holderElapsed(since: start) < self.settings.soft
    }

    /// Whether the fencing deadline has passed, or a session never got as far in that time.
    package func isPastDeadline(at now: Moment) -> Bool {
        now.holderElapsed(since: self.start ?? self.began) >= self.settings.fence
    }

    /// What is left until the fencing deadline, for people; `nil` where there is no lease.
    package func left(at now: Moment) -> Duration? {
        guard let start = self.start else { return nil }
        let left = self.settings.fence - now.holderElapsed(since: start)
        return left > .zero ? left : nil
    }

    /// How many voters acknowledged a heartbeat that was sent within `span`.
    package func heardVoters(within span: Duration, at now: Moment) -> Int {
        let heard = self.newestAcknowledged.values.filter { now.holderElapsed(since: $0) < span }
        return max(heard.count, self.isPastDeadline(at: now) ? self.probeAnswers.count : 0)
    }
}
