package import HoldfastCore

/// What a voter knows of every host's session: whose timer runs, and whose heartbeats it refuses.
///
/// The refusal of a closing while a timer runs, and the refusal of a heartbeat once a closing was
/// taken in, are answered by this one value, on one thread, in the order of arrival (S2 °).
package struct SessionVoter: Equatable, Sendable {
    package enum HeartbeatAnswer: Equatable, Sendable {
        case acknowledged
        /// Not newer than the last one (S4).
        case stale
        /// This voter has taken in that the epoch is closed, or that another process has it.
        case refused(SessionRecord)
    }

    package struct Heartbeat: Hashable, Sendable {
        package var epoch: Epoch
        package var nonce: Nonce
        /// Agents of one guard are numbered (S11).
        package var agentNumber: UInt64
        package var sequence: UInt64
        package var term: Duration

        package init(
            epoch: Epoch, nonce: Nonce, agentNumber: UInt64, sequence: UInt64, term: Duration
        ) {
            self.epoch = epoch
            self.nonce = nonce
            self.agentNumber = agentNumber
            self.sequence = sequence
            self.term = term
        }
    }

    private struct Timer: Equatable, Sendable {
        var epoch: Epoch
        var nonce: Nonce
        var agentNumber: UInt64
        var sequence: UInt64
        var armed: Moment
        var span: Duration
    }

    private struct Entry: Equatable, Sendable {
        /// The newest record taken in: from the moment of accept, before its write is durable.
        var record: SessionRecord?
        var timer: Timer?
    }

    private var entries: [HostName: Entry] = [:]
    private let started: Moment
    private let term: Duration

    /// - Parameters:
    ///   - records: What this voter has accepted, from its disk.
    ///   - started: When this voter began: the quarantine counts from here (S7).
    ///   - term: T of this configuration.
    package init(records: [HostName: SessionRecord], started: Moment, term: Duration) {
        self.started = started
        self.term = term
        self.entries = records.mapValues { Entry(record: $0, timer: nil) }
    }

    /// A heartbeat arrived; the timer is armed before the answer leaves (S4).
    package mutating func receive(
        _ heartbeat: Heartbeat, of host: HostName, at now: Moment
    ) -> HeartbeatAnswer {
        var entry = self.entries[host] ?? Entry()
        if let record = entry.record, Self.isRefused(heartbeat, by: record) {
            return .refused(record)
        }
        if let timer = entry.timer {
            if heartbeat.epoch < timer.epoch { return .stale }
            if heartbeat.epoch == timer.epoch {
                guard heartbeat.nonce == timer.nonce else {
                    return entry.record.map { .refused($0) } ?? .stale
                }
                let last = (timer.agentNumber, timer.sequence)
                guard (heartbeat.agentNumber, heartbeat.sequence) > last else { return .stale }
            }
        }
        entry.timer = Timer(
            epoch: heartbeat.epoch, nonce: heartbeat.nonce,
            agentNumber: heartbeat.agentNumber, sequence: heartbeat.sequence, armed: now,
            span: max(heartbeat.term, self.term))
        self.entries[host] = entry
        return .acknowledged
    }

    /// S2 °: epochs up to a closed one are refused; of an open one only its own nonce passes.
    private static func isRefused(_ heartbeat: Heartbeat, by record: SessionRecord) -> Bool {
        if heartbeat.epoch < record.epoch { return true }
        guard heartbeat.epoch == record.epoch else { return false }
        return !record.isOpen || heartbeat.nonce != record.nonce
    }

    /// Whether a closing by expiry must be refused now (S2, S7).
    package func refusesExpiry(of host: HostName, epoch: Epoch, at now: Moment) -> Bool {
        // S7: a voter that has just started has forgotten its timers.
        if self.isQuarantined(at: now) { return true }
        guard let timer = self.entries[host]?.timer, timer.epoch >= epoch else { return false }
        return now.voterElapsed(since: timer.armed) < timer.span
    }

    package func isQuarantined(at now: Moment) -> Bool {
        now.voterElapsed(since: self.started) < self.term
    }

    /// A record was accepted here, though perhaps not yet durably: heartbeats obey it at once.
    ///
    /// Accepting the open record of an epoch lifts the refusal of exactly that epoch and nonce,
    /// and arms its timer: a session is not overdue before its first heartbeat could arrive.
    package mutating func didAccept(_ record: SessionRecord, of host: HostName, at now: Moment) {
        var entry = self.entries[host] ?? Entry()
        entry.record = record
        if let details = record.details, (entry.timer?.epoch ?? 0) <= record.epoch {
            let isSame = entry.timer?.epoch == record.epoch && entry.timer?.nonce == record.nonce
            entry.timer = Timer(
                epoch: record.epoch, nonce: record.nonce,
                agentNumber: isSame ? entry.timer?.agentNumber ?? 0 : 0,
                sequence: isSame ? entry.timer?.sequence ?? 0 : 0, armed: now,
                span: max(details.term, self.term))
        }
        self.entries[host] = entry
    }

    /// Hosts whose session is open as far as this voter knows, and whose timer has run out.
    package func expired(at now: Moment) -> [(host: HostName, epoch: Epoch, nonce: Nonce)] {
        guard !self.isQuarantined(at: now) else { return [] }
        return self.entries.keys.sorted().compactMap { host in
            guard let record = self.entries[host]?.record, record.isOpen,
                !self.refusesExpiry(of: host, epoch: record.epoch, at: now)
            else { return nil }
            return (host, record.epoch, record.nonce)
        }
    }

    /// How long until `expired` may next have something new to say; `nil`: not before an event.
    package func nextExpiry(after now: Moment) -> Duration? {
        let quarantine = self.term - now.voterElapsed(since: self.started)
        if quarantine > .zero { return quarantine }
        return self.entries.values.compactMap { entry -> Duration? in
            guard let timer = entry.timer, entry.record?.isOpen ?? true else { return nil }
            let left = timer.span - now.voterElapsed(since: timer.armed)
            return left > .zero ? left : nil
        }.min()
    }

    /// When this voter last heard from a host's session, for people.
    package func lastHeard(_ host: HostName) -> Moment? { self.entries[host]?.timer?.armed }
}
