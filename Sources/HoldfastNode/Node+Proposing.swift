import HoldfastCore
import HoldfastJobs
import HoldfastPaxos
import HoldfastSessions
import HoldfastWire

/// The proposer's side: changes queue at their register and ride on one ballot after another.
extension Node {
    /// How long a ballot may take before it counts as lost; doubled with every failure, at most
    /// `attemptDoublings` times, so that a slow disk or line is only slow.
    private static let attemptLimit = Duration.milliseconds(400)
    private static let attemptDoublings = 3
    /// Retries wait a random span below this, doubled with every failure, up to `backOffLimit`.
    private static let backOff = Duration.milliseconds(5)
    private static let backOffLimit = Duration.milliseconds(500)
    /// How long the primary of a key may take before a change is taken back from it (P7).
    private static let hedge = Duration.milliseconds(150)
    /// How far a primary may count for a change that was forwarded to it (P7 °).
    private static let forwardRange: UInt64 = 1000

    // MARK: Queueing

    /// Queues a change; its outcome goes to `purpose`.
    mutating func submit(
        _ change: RegisterChange, to register: RegisterID, for purpose: Purpose,
        within limit: Duration
    ) {
        let pending = PendingChange(
            id: self.nextNumber(), change: change, purpose: purpose,
            expires: self.deadline(after: limit))
        var work = self.work[register] ?? RegisterWork()
        guard work.queue.count < Limits.queuedChangesPerRegister else {
            self.finish(pending, .notProposed)
            return
        }
        work.queue.append(pending)
        self.work[register] = work
        self.startAttempt(register)
    }

    /// Begins a ballot for what is queued, unless one is under way.
    mutating func startAttempt(_ register: RegisterID) {
        guard let configuration = self.configuration, var work = self.work[register],
            work.attempt == nil
        else { return }
        self.timers.cancel(.retry(register))
        let expired = work.queue.filter { self.hasExpired($0.expires) }
        work.queue.removeAll { self.hasExpired($0.expires) }
        self.work[register] = work
        for change in expired { self.finish(change, self.outcomeOfGivingUp(change)) }
        // Whoever heard of an end may have queued another change, and begun a ballot for it: from
        // a copy made before, the same ballot would be begun again for something else (P2).
        guard var work = self.work[register], work.attempt == nil, !work.queue.isEmpty else {
            return
        }
        let id = self.nextNumber()
        let size = configuration.voters.count
        // P2: the cached ballot is taken out before it is used.
        let fast = work.fast
        work.fast = nil
        if let fast, !self.isOvertaken(fast, register) {
            let proposer = Proposer(fastBallot: fast.ballot, voterCount: size)
            work.counter = max(work.counter, fast.ballot.counter)
            work.attempt = RegisterWork.Attempt(id: id, proposer: proposer, isFast: true)
            self.begin(id, register, work)
            self.decide(register, highest: fast.known, isChosen: true)
        } else {
            work.counter = self.highestCounter(register, work) + 1
            let ballot = Ballot(
                counter: work.counter, incarnation: self.settings.incarnation)
            work.attempt = RegisterWork.Attempt(
                id: id, proposer: Proposer(ballot: ballot, voterCount: size), isFast: false)
            self.begin(id, register, work)
            self.sendToVoters(.prepare(attempt: id, register, ballot))
        }
    }

    /// Whether another host's ballot is known to have come after those promises.
    ///
    /// What would be proposed on them would be refused, and a user's change that was proposed once
    /// may have to be answered with `unknown` (P9).
    private func isOvertaken(_ fast: RegisterWork.FastBallot, _ register: RegisterID) -> Bool {
        let known = self.learner.ballot(of: register)
        let accepted = self.acceptor.acceptedBallot(of: register)
        return [known, accepted].compactMap(\.self).contains { $0 > fast.known.ballot }
    }

    private mutating func begin(_ id: UInt64, _ register: RegisterID, _ work: RegisterWork) {
        self.work[register] = work
        self.attempts[id] = register
        let factor = 1 << min(work.failures, Self.attemptDoublings)
        self.setTimer(.attempt(id), after: Self.attemptLimit * factor)
    }

    /// P7: counters move past everything seen.
    private func highestCounter(_ register: RegisterID, _ work: RegisterWork) -> UInt64 {
        let accepted = self.acceptor.acceptedBallot(of: register)
        let known = self.learner.ballot(of: register)
        // P6: with what was accepted its proposer was promised the next ballot, and a prepare of
        // that counter would be refused whenever our incarnation is the lower one.
        let promised = [accepted, known].compactMap { $0?.next.counter }
        return max(work.counter, promised.max() ?? 0)
    }

    // MARK: Answers

    mutating func receiveAnswer(_ message: PeerMessage, from host: HostName) {
        switch message {
        case .promise(let attempt, let accepted):
            if let register = self.attempts[attempt] { self.compareValues(register, accepted) }
            self.advance(attempt) { $0.promised(by: host, accepted: accepted) }
        case .accepted(let attempt):
            self.advance(attempt) { $0.accepted(by: host) }
        case .nack(let attempt, let promised):
            self.noteLateNack(attempt, promised)
            self.advance(attempt) { $0.refused(by: host, promised: promised) }
        case .report(let attempt, let accepted):
            self.reported(attempt, accepted, by: host)
        default: break
        }
    }

    /// P13: what another voter accepted at a ballot that is known here has the same value.
    private mutating func compareValues(_ register: RegisterID, _ accepted: Accepted?) {
        guard let accepted else { return }
        let own = [self.learner.value(of: register), self.acceptor.read(register).accepted]
        guard
            own.contains(where: { known in
                known?.ballot == accepted.ballot && known?.value != accepted.value
            })
        else { return }
        self.effects.append(.halt(.twoValuesAtOneBallot(register, accepted.ballot)))
    }

    private mutating func advance(
        _ id: UInt64, _ body: (inout Proposer) -> Proposer.Step?
    ) {
        guard let register = self.attempts[id], var work = self.work[register],
            var attempt = work.attempt, attempt.id == id
        else { return }
        let step = body(&attempt.proposer)
        work.attempt = attempt
        self.work[register] = work
        switch step {
        case nil: break
        case .decide(let highest, let isChosen):
            self.decide(register, highest: highest, isChosen: isChosen)
        case .chosen(let accepted): self.chosen(register, accepted)
        case .beaten(let highest): self.beaten(register, by: highest)
        }
    }

    /// A nack to a ballot that has ended: a voter that restarted, or took in a stray, is above
    /// us and stays out of this register until we are above it (P7).
    private mutating func noteLateNack(_ id: UInt64, _ promised: Ballot?) {
        guard let promised, let register = self.attempts[id], var work = self.work[register],
            work.attempt?.id != id
        else { return }
        work.counter = max(work.counter, promised.counter)
        // P2: any nack burns the cached ballot.
        work.fast = nil
        self.work[register] = work
    }

    // MARK: Deciding

    /// Applies what is queued to what the promises reported, and proposes the result (P1).
    private mutating func decide(
        _ register: RegisterID, highest: Accepted?, isChosen: Bool
    ) {
        if register == self.ownRegister { self.ownSessionPromised(highest) }
        guard var work = self.work[register], var attempt = work.attempt else { return }
        let ballot = attempt.proposer.ballot
        var composer = Composer(
            register: register, found: highest, isChosen: isChosen, ballot: ballot)
        for index in work.queue.indices {
            let verdict = composer.take(
                work.queue[index], isClosed: { self.learner.isClosed($0) })
            switch verdict {
            case .later: continue
            case .expired: attempt.carried.append(.init(id: work.queue[index].id, refusal: nil))
            case .applied:
                attempt.carried.append(.init(id: work.queue[index].id, refusal: nil))
                work.queue[index].firstProposed =
                    min(work.queue[index].firstProposed ?? ballot, ballot)
                if work.queue[index].baseline == nil {
                    work.queue[index].baseline = composer.baselines[work.queue[index].id]
                }
            case .refused(let refusal):
                attempt.carried.append(.init(id: work.queue[index].id, refusal: refusal))
            }
        }
        for id in composer.unknown { attempt.carried.removeAll { $0.id == id } }
        let lost = work.queue.filter { composer.unknown.contains($0.id) }
        work.queue.removeAll { composer.unknown.contains($0.id) }
        let stray = work.queue.filter { composer.beyond.contains($0.id) }
        work.queue.removeAll { composer.beyond.contains($0.id) }
        work.attempt = attempt
        self.work[register] = work
        for change in lost { self.finish(change, .unknown) }
        for change in stray {
            self.finish(change, change.firstProposed == nil ? .notProposed : .unknown)
        }
        self.propose(register, composer, highest: highest, isChosen: isChosen)
    }

    private mutating func propose(
        _ register: RegisterID, _ composer: Composer, highest: Accepted?, isChosen: Bool
    ) {
        guard var work = self.work[register], var attempt = work.attempt else { return }
        if let counter = composer.needsCounterAbove, !composer.didChange {
            // P12: this ballot is too low for a token; nothing was proposed under it.
            work.counter = max(work.counter, counter)
            self.endAttempt(register, &work)
            self.startAttempt(register)
            return
        }
        if attempt.carried.isEmpty {
            // Everything that was queued has gone; the ballot is not used.
            self.endAttempt(register, &work)
            self.startAttempt(register)
            return
        }
        if !composer.didChange, !composer.mustWrite, isChosen || highest == nil {
            if attempt.isFast {
                // P8: what a cached ballot remembers answers nothing before a majority says so.
                attempt.carried = []
                work.attempt = attempt
                self.endAttempt(register, &work)
                self.startAttempt(register)
                return
            }
            // P8: the promises themselves were the read, for whoever asked before they were asked
            // for. What came while they were under way may have been overtaken since.
            attempt.carried.removeAll { $0.id > attempt.id }
            work.attempt = attempt
            self.work[register] = work
            if isChosen, let highest { self.learn(register, highest) }
            self.complete(register, with: highest)
            return
        }
        let value = composer.didChange ? composer.encoded : highest?.value ?? []
        let proposal = attempt.proposer.propose(value)
        work.attempt = attempt
        self.work[register] = work
        self.sendToVoters(
            .accept(attempt: attempt.id, register, proposal, promiseNext: true))
    }

    // MARK: Ends of a ballot

    private mutating func chosen(_ register: RegisterID, _ accepted: Accepted) {
        guard var work = self.work[register], let attempt = work.attempt else { return }
        // P2: put back, one higher, only after a majority acknowledged and nobody refused.
        work.fast =
            attempt.proposer.wasRefused
            ? nil : RegisterWork.FastBallot(ballot: accepted.ballot.next, known: accepted)
        work.failures = 0
        work.counter = max(work.counter, attempt.proposer.highestNack?.counter ?? 0)
        self.work[register] = work
        for host in self.settings.hosts where host != self.settings.host {
            self.send(.chosen(register, accepted), to: host)
        }
        self.learn(register, accepted)
        self.complete(register, with: accepted)
    }

    /// The ballot has told what was asked: hands out the verdicts and goes on with the queue.
    private mutating func complete(_ register: RegisterID, with accepted: Accepted?) {
        guard var work = self.work[register], let attempt = work.attempt else { return }
        var done: [(PendingChange, ChangeOutcome)] = []
        for verdict in attempt.carried {
            guard let index = work.queue.firstIndex(where: { $0.id == verdict.id }) else {
                continue
            }
            let change = work.queue.remove(at: index)
            if let refusal = verdict.refusal {
                done.append((change, .refused(refusal, accepted)))
            } else if let accepted {
                done.append((change, .won(accepted)))
            } else {
                done.append((change, .refused(.identity, nil)))
            }
        }
        self.endAttempt(register, &work)
        for (change, outcome) in done { self.finish(change, outcome) }
        self.startAttempt(register)
    }

    private mutating func endAttempt(_ register: RegisterID, _ work: inout RegisterWork) {
        if let attempt = work.attempt {
            if let last = work.lastAttempt { self.attempts[last] = nil }
            work.lastAttempt = attempt.id
            self.timers.cancel(.attempt(attempt.id))
        }
        work.attempt = nil
        self.work[register] = work
    }

    private mutating func beaten(_ register: RegisterID, by highest: Ballot?) {
        guard var work = self.work[register] else { return }
        work.fast = nil
        work.counter = max(work.counter, highest?.counter ?? 0)
        work.failures += 1
        self.endAttempt(register, &work)
        if highest != nil { self.considerForwarding(register) }
        self.retryLater(register)
    }

    mutating func attemptTimedOut(_ id: UInt64) {
        guard let register = self.attempts[id], var work = self.work[register],
            let attempt = work.attempt, attempt.id == id
        else { return }
        work.fast = nil
        work.counter = max(work.counter, attempt.proposer.highestNack?.counter ?? 0)
        work.failures += 1
        self.endAttempt(register, &work)
        self.retryLater(register)
    }

    /// Full jitter, so that rivals do not meet again (P7).
    private mutating func retryLater(_ register: RegisterID) {
        guard let work = self.work[register], !work.queue.isEmpty else { return }
        let limit = min(
            Self.backOff.scaled(by: Double(1 << min(work.failures, 10))), Self.backOffLimit)
        self.setTimer(.retry(register), after: self.randomness.upTo(limit))
    }

    private func outcomeOfGivingUp(_ change: PendingChange) -> ChangeOutcome {
        change.firstProposed == nil ? .notProposed : .unknown
    }

    // MARK: The primary of a key (P7)

    /// Who serialises a contended key: a habit that safety knows nothing of.
    private func primary(of register: RegisterID) -> HostName? {
        self.configuration?.voters.map(\.host).max {
            (StableHash.of(register.key, $0.text), $0) < (StableHash.of(register.key, $1.text), $1)
        }
    }

    private mutating func considerForwarding(_ register: RegisterID) {
        guard var work = self.work[register], let primary = self.primary(of: register),
            primary != self.settings.host, let key = try? Key(register.key),
            register.bucket == RegisterID.keyBucket
        else { return }
        let above = self.highestCounter(register, work)
        let through = above + Self.forwardRange
        var kept: [PendingChange] = []
        for var change in work.queue {
            guard case .key(let keyChange) = change.change, !change.wasForwarded,
                change.through == nil,
                // P9 °: the primary could not know that it may be applied already.
                change.firstProposed == nil || keyChange.mayRepeat
            else {
                kept.append(change)
                continue
            }
            if change.firstProposed == nil, let known = self.learner.keys[key]?.record {
                // The primary may propose it over this record, or over any that come after.
                change.baseline = Baseline(lastRequest: known.lastRequest)
            }
            let attempt = self.nextNumber()
            self.forwards[attempt] = ForwardedChange(
                register: register, change: change, above: above, through: through)
            self.setTimer(.forward(attempt), after: Self.hedge)
            self.send(
                .forward(attempt: attempt, key, keyChange, above: above, through: through),
                to: primary)
        }
        work.queue = kept
        self.work[register] = work
    }

    /// Another host asks us, as the primary, to propose for it.
    mutating func propose(
        _ change: KeyChange, for key: Key, of host: HostName, _ attempt: UInt64, above: UInt64,
        through: UInt64
    ) {
        guard self.configuration != nil, above <= through, through <= Ballot.counterLimit else {
            return
        }
        // Applied twice, with another change in between, it would undo that (P9).
        guard self.takenForwards.insert(attempt) else { return }
        let register = RegisterID.key(key)
        var work = self.work[register] ?? RegisterWork()
        guard work.queue.count < Limits.queuedChangesPerRegister else { return }
        work.counter = max(work.counter, above)
        // A cached ballot below the window was promised before the change existed.
        if let fast = work.fast, fast.ballot.counter <= above { work.fast = nil }
        work.queue.append(
            PendingChange(
                id: self.nextNumber(), change: .key(change),
                purpose: .forOther(host, attempt: attempt),
                expires: self.deadline(after: Self.hedge.scaled(by: 2)), above: above,
                through: through))
        self.work[register] = work
        self.startAttempt(register)
    }

    mutating func forwardAnswered(_ attempt: UInt64, _ outcome: ForwardOutcome) {
        guard let forward = self.forwards[attempt] else { return }
        switch outcome {
        case .won(let accepted):
            self.forwards[attempt] = nil
            self.timers.cancel(.forward(attempt))
            self.learn(forward.register, accepted)
            self.finish(forward.change, .won(accepted))
        case .refused(let refusal, let accepted):
            self.forwards[attempt] = nil
            self.timers.cancel(.forward(attempt))
            if let accepted { self.learn(forward.register, accepted) }
            self.finish(forward.change, .refused(.key(refusal), accepted))
        case .notProposed: self.takeBack(attempt)
        }
    }

    /// The primary was silent: we propose ourselves, above everything it may still propose.
    mutating func takeBack(_ attempt: UInt64) {
        guard let forward = self.forwards.removeValue(forKey: attempt) else { return }
        self.timers.cancel(.forward(attempt))
        var change = forward.change
        change.wasForwarded = true
        let first = Ballot(counter: forward.above + 1, incarnation: 0)
        change.firstProposed = min(change.firstProposed ?? first, first)
        change.above = forward.through
        var work = self.work[forward.register] ?? RegisterWork()
        work.counter = max(work.counter, forward.through)
        if let fast = work.fast, fast.ballot.counter <= forward.through { work.fast = nil }
        work.queue.append(change)
        self.work[forward.register] = work
        self.startAttempt(forward.register)
    }

    // MARK: Reads (P8)

    mutating func read(_ register: RegisterID, for purpose: Purpose, within limit: Duration) {
        guard let configuration = self.configuration else {
            self.finishRead(register, purpose, .notProposed)
            return
        }
        let id = self.nextNumber()
        self.reads[id] = PendingRead(
            register: register, purpose: purpose, expires: self.deadline(after: limit),
            quorum: QuorumRead(voterCount: configuration.voters.count))
        self.setTimer(.read(id), after: .milliseconds(200))
        self.sendToVoters(.read(attempt: id, register))
    }

    private mutating func reported(_ id: UInt64, _ accepted: Accepted?, by host: HostName) {
        guard var read = self.reads[id] else { return }
        self.compareValues(read.register, accepted)
        let step = read.quorum.reported(by: host, accepted)
        self.reads[id] = read
        switch step {
        case nil: break
        case .agreed(let accepted):
            self.reads[id] = nil
            self.timers.cancel(.read(id))
            if let accepted { self.learn(read.register, accepted) }
            self.finishRead(
                read.register, read.purpose,
                accepted.map { .won($0) } ?? .refused(.identity, nil))
        case .disagreed: self.readTimedOut(id)
        }
    }

    /// No majority agreed, or none answered: an identity change tells (P8).
    mutating func readTimedOut(_ id: UInt64) {
        guard let read = self.reads.removeValue(forKey: id) else { return }
        self.timers.cancel(.read(id))
        let left = Duration.nanoseconds(read.expires - self.now.moment.monotonic)
        self.submit(.identity, to: read.register, for: read.purpose, within: left)
    }

    private mutating func finishRead(
        _ register: RegisterID, _ purpose: Purpose, _ outcome: ChangeOutcome
    ) {
        self.finish(
            PendingChange(id: 0, change: .identity, purpose: purpose, expires: 0), outcome)
    }
}
