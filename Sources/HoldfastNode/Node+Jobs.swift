import HoldfastCore
import HoldfastGuardCore
package import HoldfastJobs
import HoldfastPaxos
import HoldfastSessions
import HoldfastWire

/// Which keys to claim, what to launch, and how a holding is given back.
extension Node {
    /// Each host waits this much longer than the one that ranks before it (C6).
    private static let rankDelay = Duration.milliseconds(60)
    private static let rankLimit = 20
    /// A vacancy or a claim that came to nothing is tried again after this.
    private static let revisitDelay = Duration.milliseconds(300)
    /// Of the reason why a launch was impossible; a cut character grows to three bytes.
    private static let reasonBytes = 1000

    // MARK: Looking at a key

    /// Compares what is chosen with what happens here, and acts on the difference.
    ///
    /// Only a hint starts anything: a claim is decided by what its ballot finds (P10).
    mutating func evaluate(_ key: Key) {
        guard let known = self.learner.keys[key], let own = self.ownSession else { return }
        let record = known.record
        guard let holder = record.holder else {
            self.considerClaim(key, known, last: record.last)
            return
        }
        if holder.session == own {
            self.timers.cancel(.claim(key))
            self.tend(key, record, holder)
        } else if self.learner.isClosed(holder.session) {
            let lost = Ending(
                token: record.token, session: holder.session, how: .lost, cause: .fenced,
                at: self.now.wall, ran: .zero)
            self.considerClaim(key, known, last: lost)
        } else {
            self.timers.cancel(.claim(key))
        }
    }

    /// Sets the timer that claims the key, by rank, unless nobody wants it (C6).
    private mutating func considerClaim(
        _ key: Key, _ known: Learner.Known<KeyRecord>, last: Ending?
    ) {
        let record = known.record
        let isHeld = record.holder != nil
        guard record.isRunWanted || isHeld, self.runs[key] == nil else {
            self.timers.cancel(.claim(key))
            return
        }
        let placement = record.isRunWanted ? record.job?.spec.placement : Placement()
        let order = Ranking.order(
            self.candidates, for: key, placement: placement ?? Placement(), last: last)
        guard let rank = order.firstIndex(of: self.settings.host) else {
            self.timers.cancel(.claim(key))
            return
        }
        let waited = self.now.moment.holderElapsed(since: known.learned)
        let delay = isHeld ? .zero : record.delay
        let due = delay - waited + Self.rankDelay * min(rank, Self.rankLimit)
        self.setTimer(.claim(key), after: due)
    }

    /// Hosts whose session is known to be open, with what they say of themselves.
    package var candidates: [Ranking.Candidate] {
        self.settings.hosts.compactMap { host in
            guard let details = self.learner.sessions[host]?.record.details else { return nil }
            let labels = details.labels.map { Label(name: $0.name, value: $0.value) }
            return Ranking.Candidate(host: host, labels: labels)
        }
    }

    /// Takes up again what came to nothing.
    mutating func revisit(_ key: Key) {
        if self.retryVacancies.remove(key) != nil { self.vacate(key) }
        self.evaluate(key)
    }

    // MARK: Claiming

    mutating func claim(_ key: Key) {
        guard let own = self.ownSession, let known = self.learner.keys[key],
            self.claims[key] == nil, self.runs[key] == nil
        else { return }
        guard self.mayLaunch else {
            self.setTimer(.revisit(key), after: Self.revisitDelay)
            return
        }
        guard known.record.isRunWanted else {
            guard known.record.holder != nil else { return }
            self.submit(
                .key(.reap(at: self.now.wall)), to: .key(key), for: .reap(key),
                within: .seconds(2))
            return
        }
        let nonce = self.randomness.nextIdentifier()
        self.claims[key] = nonce
        self.submit(
            .key(.claim(session: own, nonce: nonce, at: self.now.wall)), to: .key(key),
            for: .claim(key, nonce), within: .seconds(2))
    }

    mutating func didClaim(_ key: Key, _ nonce: Nonce, _ outcome: ChangeOutcome) {
        guard self.claims[key] == nonce else { return }
        self.claims[key] = nil
        guard case .won(let accepted) = outcome,
            let record = try? RecordCoding.decodeKey(accepted.value),
            let holder = record.holder, holder.nonce == nonce, let job = record.job
        else {
            // C2: whatever becomes of this nonce, it is never launched; if it turns up in the
            // record, it is vacated.
            self.setTimer(.revisit(key), after: Self.revisitDelay)
            return
        }
        guard holder.session == self.ownSession, self.runs[key] == nil, self.mayLaunch else {
            self.burn(key, record.token, nonce, .neverStarted, .fenced)
            return
        }
        self.runs[key] = Run(token: record.token, nonce: nonce, phase: .launching)
        self.effects.append(
            .launch(
                RunName(key: key.text, token: record.token), epoch: holder.session.epoch, job.spec))
    }

    // MARK: Tending what we hold

    /// The record names our session: run what it wants, stop what it no longer wants, and give
    /// back what we know nothing of (C2).
    private mutating func tend(_ key: Key, _ record: KeyRecord, _ holder: Holder) {
        guard var run = self.runs[key], run.token == record.token else {
            if self.runs[key] == nil, self.claims[key] == nil {
                self.burn(key, record.token, holder.nonce, .neverStarted, .fenced)
            }
            return
        }
        if run.nonce == nil {
            run.nonce = holder.nonce
            self.runs[key] = run
        }
        switch run.phase {
        case .ended: self.vacate(key)
        case .launching:
            // A stop now could overtake the order; it is looked at again once that was answered.
            break
        case .running(let processID):
            if holder.phase == .starting { self.recordStart(key, holder.nonce, processID) }
            let isCurrent = record.isRunWanted && record.job?.generation == holder.generation
            guard !isCurrent, !run.isStopping else { return }
            run.isStopping = true
            self.runs[key] = run
            let name = RunName(key: key.text, token: run.token)
            self.effects.append(.askGuard(.stop(name, immediately: false)))
        }
    }

    private mutating func recordStart(_ key: Key, _ nonce: Nonce, _ processID: Int32) {
        let register = RegisterID.key(key)
        let isQueued =
            self.work[register]?.queue.contains { $0.purpose == .started(key) } ?? false
        guard !isQueued else { return }
        self.submit(
            .key(.started(nonce: nonce, processID: processID, at: self.now.wall)),
            to: register, for: .started(key), within: .seconds(5))
    }

    /// Burns a token that is not to be launched, then vacates it (C8).
    private mutating func burn(
        _ key: Key, _ token: Token, _ nonce: Nonce, _ how: Ending.How, _ cause: Ending.Cause
    ) {
        guard self.guardLink != nil else { return }
        let name = RunName(key: key.text, token: token)
        if self.burning[name] == nil {
            self.burning[name] = Burning(nonce: nonce, how: how, cause: cause)
        }
        self.effects.append(.askGuard(.burn(name)))
    }

    mutating func didBurn(_ name: RunName) {
        guard let burning = self.burning.removeValue(forKey: name),
            let key = try? Key(name.key), self.runs[key] == nil
        else { return }
        let vacancy = KeyChange.Vacancy(
            how: burning.how, cause: burning.cause, at: self.now.wall, ran: .zero)
        self.runs[key] = Run(token: name.token, nonce: burning.nonce, phase: .ended(vacancy))
        self.vacate(key)
    }

    /// The agent could not prepare the launch: the guard must refuse it for ever all the same.
    mutating func abandonLaunch(_ name: RunName, reason: String) {
        guard let key = try? Key(name.key), let run = self.runs[key], run.token == name.token,
            run.phase == .launching, let nonce = run.nonce
        else { return }
        self.runs[key] = nil
        // No longer than a record may hold: one that nobody can read would block the key.
        let short = String(decoding: reason.utf8.prefix(Self.reasonBytes), as: UTF8.self)
        self.burn(key, name.token, nonce, .refused(short), .itself)
    }

    // MARK: Giving back

    /// Proposes the vacancy of a run that is over; asked again until its outcome is known.
    mutating func vacate(_ key: Key) {
        guard var run = self.runs[key], case .ended(let vacancy) = run.phase, !run.isVacating
        else { return }
        run.isVacating = true
        self.runs[key] = run
        guard let nonce = run.nonce else {
            self.read(.key(key), for: .vacate(key, run.token), within: .seconds(2))
            return
        }
        self.submit(
            .key(.vacate(nonce: nonce, vacancy)), to: .key(key), for: .vacate(key, run.token),
            within: .seconds(2))
    }

    mutating func didVacate(_ key: Key, _ token: Token, _ outcome: ChangeOutcome) {
        guard var run = self.runs[key], run.token == token, run.isVacating else { return }
        run.isVacating = false
        self.runs[key] = run
        switch outcome {
        case .won(let accepted):
            let record = try? RecordCoding.decodeKey(accepted.value)
            if let holder = record?.holder, record?.token == token {
                // The read that finds out our own nonce.
                self.runs[key]?.nonce = holder.nonce
                self.vacate(key)
            } else {
                self.settle(key, token)
            }
        case .refused(.key(.already), _), .refused(.identity, nil): self.settle(key, token)
        case .refused, .unknown, .notProposed:
            // C8: it stays burned; only the record is behind.
            self.setTimer(.revisit(key), after: Self.revisitDelay)
            self.retryVacancies.insert(key)
        }
    }

    private mutating func settle(_ key: Key, _ token: Token) {
        self.runs[key] = nil
        self.retryVacancies.remove(key)
        self.effects.append(.askGuard(.settle(RunName(key: key.text, token: token))))
        self.evaluate(key)
    }
}
