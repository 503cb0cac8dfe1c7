import HoldfastCore
import HoldfastJobs
import HoldfastPaxos
import HoldfastSessions
import HoldfastWire

/// What is known to be chosen: how it spreads, and what follows from it (P10).
extension Node {
    /// How many registers are read again in one go.
    private static let rescanBatch = 64
    private static let rescanInterval = Duration.milliseconds(200)
    /// A record accepted here is given this long to be reported as chosen.
    private static let rescanPatience = Duration.milliseconds(300)
    /// How many buckets one exchange compares in full.
    private static let bucketsPerExchange = 8

    /// Takes in a record that is chosen.
    mutating func learn(_ register: RegisterID, _ accepted: Accepted) {
        if let known = self.learner.value(of: register), known.ballot == accepted.ballot,
            known.value != accepted.value
        {
            // P13
            self.effects.append(.halt(.twoValuesAtOneBallot(register, accepted.ballot)))
            return
        }
        let news = self.learner.learn(register, accepted, at: self.now.moment)
        if let own = self.acceptor.acceptedBallot(of: register),
            let known = self.learner.ballot(of: register), own <= known
        {
            self.unlearned[register] = nil
        }
        switch news {
        case nil: break
        case .key(let key, let before, let now):
            self.narrate(key, before, now)
            self.evaluate(key)
        case .session(let host, let before, let now):
            self.narrate(host, before, now)
            self.sessionLearned(host, now)
        }
    }

    private mutating func sessionLearned(_ host: HostName, _ record: SessionRecord) {
        if host == self.settings.host {
            self.ownSessionLearned(record)
            return
        }
        self.timers.cancel(.closing(host))
        // Keys of this host that its closing sets free, and keys that a new host may take.
        for key in self.learner.keys.keys.sorted() { self.evaluate(key) }
    }

    // MARK: Digests

    private var digestInterval: Duration { self.settings.lease.term.scaled(by: 0.5) }

    mutating func exchangeDigest() {
        let jitter = self.randomness.upTo(self.digestInterval.scaled(by: 0.5))
        self.setTimer(.digest, after: self.digestInterval + jitter)
        let others = self.settings.hosts.filter { $0 != self.settings.host }
        guard !others.isEmpty else { return }
        let other = others[Int(self.randomness.next() % UInt64(others.count))]
        self.send(.digest(self.learner.digest), to: other)
    }

    mutating func compare(_ digest: [UInt64], from host: HostName) {
        guard digest.count == Learner.bucketCount else { return }
        let differing = digest.indices.filter { digest[$0] != self.learner.digest[$0] }
        guard !differing.isEmpty else { return }
        let buckets = differing.prefix(Self.bucketsPerExchange).map { UInt8($0) }
        self.send(
            .inventory(buckets: buckets, self.known(in: buckets), isAnswer: false), to: host)
    }

    private func known(in buckets: [UInt8]) -> [KnownBallot] {
        let known = buckets.flatMap { self.learner.inventory(of: Int($0)) }
        return Array(known.prefix(Limits.inventoryCount))
    }

    /// Sends what is newer here; asks, once, for what is newer there.
    mutating func reconcile(
        _ buckets: [UInt8], _ known: [KnownBallot], isAnswer: Bool, with host: HostName
    ) {
        guard buckets.allSatisfy({ $0 < Learner.bucketCount }) else { return }
        var theirs: [RegisterID: Ballot] = [:]
        var isBehind = false
        for entry in known {
            theirs[entry.register] = entry.ballot
            let own = self.learner.ballot(of: entry.register)
            if own.map({ $0 < entry.ballot }) ?? true { isBehind = true }
        }
        for entry in self.known(in: buckets)
        where theirs[entry.register].map({ $0 < entry.ballot }) ?? true {
            guard let accepted = self.learner.value(of: entry.register) else { continue }
            self.send(.chosen(entry.register, accepted), to: host)
        }
        guard isBehind, !isAnswer else { return }
        self.send(.inventory(buckets: buckets, self.known(in: buckets), isAnswer: true), to: host)
    }

    // MARK: Rescan

    /// Reads what was accepted here and never reported as chosen: a proposer that died between
    /// the two, or a restart of everybody, who all forgot what was chosen.
    mutating func rescan() {
        self.setTimer(.rescan, after: Self.rescanInterval)
        let patience = Self.rescanPatience.wholeNanoseconds
        let now = self.now.moment.monotonic
        let due = self.unlearned.filter { $0.value <= now - patience }.keys.sorted()
        for register in due.prefix(Self.rescanBatch) {
            self.unlearned[register] = now
            self.read(register, for: .learn, within: .seconds(2))
        }
    }

    /// Looks at every key again: a hint may have been missed (C2, C4).
    mutating func revisitAll() {
        self.setTimer(.survey, after: self.settings.lease.term)
        for key in self.learner.keys.keys.sorted() { self.evaluate(key) }
    }
}
