import HoldfastCore
import HoldfastGuardCore
import HoldfastJobs
import HoldfastPaxos
import HoldfastSessions
import HoldfastWire

/// Our own session: opening, keeping, healing, giving back.
extension Node {
    /// The session under which this host holds what it holds; `nil` while it has none.
    var ownSession: SessionID? {
        guard case .serving(let lease) = self.holding else { return nil }
        return SessionID(host: self.settings.host, epoch: lease.epoch)
    }

    /// Whether a claim made now could be launched.
    var mayLaunch: Bool {
        guard case .serving(let lease) = self.holding, let link = self.guardLink,
            !link.isEnding, !link.isFenced
        else { return false }
        return lease.mayLaunch(at: self.now.moment)
    }

    var ownRegister: RegisterID { .session(of: self.settings.host) }

    // MARK: Beginning

    /// A guard is there and the cluster is formed.
    mutating func beginHolding() {
        guard let link = self.guardLink, self.configuration != nil else { return }
        if let session = link.hello.session {
            guard session.owner == self.acceptorID else {
                // Our lease says nothing of theirs: it must not keep alive what they run.
                self.effects.append(.halt(.foreignGuard(session.epoch)))
                return
            }
            // S11: the guard vouches that what it runs belongs to this session.
            self.orphan = nil
            self.beginServing(session.epoch, session.nonce)
            return
        }
        if let orphan = self.orphan, orphan.isGuardDead, link.hello.containment == .cgroup {
            // S10: the new guard has emptied what its predecessor left, and retires the epoch.
            self.holding = .retiring(orphan.epoch, orphan.nonce, release: true)
            self.effects.append(.askGuard(.retire(epoch: orphan.epoch)))
            return
        }
        guard !link.isEnding else {
            self.finishEnding()
            return
        }
        self.holding = .examining
        self.examineSession()
    }

    mutating func examineSession() {
        guard case .examining = self.holding else { return }
        self.timers.cancel(.examine)
        self.read(self.ownRegister, for: .examineSession, within: .seconds(1))
    }

    private mutating func examineLater() {
        self.holding = .examining
        self.setTimer(.examine, after: self.settings.lease.heartbeat.scaled(by: 0.25))
    }

    /// What the own register holds, for certain.
    mutating func didExamine(_ outcome: ChangeOutcome) {
        guard case .examining = self.holding else { return }
        switch outcome {
        case .won(let accepted):
            guard let record = try? RecordCoding.decodeSession(accepted.value) else {
                self.warnOnce("the session of this host is of a version not understood here")
                self.examineLater()
                return
            }
            guard !record.isOpen else {
                // S1, S12: somebody has it; we wait until it is given up.
                self.warnOnce(
                    "session \(record.epoch) of this host is still open: waiting until it is "
                        + "given up; if another machine has this name, rename one of them",
                    host: self.settings.host)
                self.examineLater()
                return
            }
            self.open(after: record.epoch)
        case .refused(.identity, nil): self.open(after: 0)
        case .refused, .unknown, .notProposed: self.examineLater()
        }
    }

    /// Opens the epoch after `last`, or after those that this guard will not serve again (S10):
    /// it retired one whose opening was lost, or one of another life of the data directory.
    private mutating func open(after last: Epoch) {
        let epoch = max(last, self.guardLink?.hello.retiredThrough ?? 0) + 1
        let nonce = self.randomness.nextIdentifier()
        let details = SessionDetails(
            labels: self.settings.labels.map { SessionLabel(name: $0.name, value: $0.value) },
            address: self.settings.address, term: self.settings.lease.term)
        self.holding = .opening(epoch, nonce)
        self.submit(
            .session(.open(epoch: epoch, nonce: nonce, details)), to: self.ownRegister,
            for: .openSession(epoch, nonce), within: .seconds(2))
    }

    mutating func didOpen(_ epoch: Epoch, _ nonce: Nonce, _ outcome: ChangeOutcome) {
        guard self.holding == .opening(epoch, nonce) else { return }
        guard case .won = outcome else {
            // An opening that may yet be chosen is found by the next look, and given up in time.
            self.examineLater()
            return
        }
        self.holding = .adopting(epoch, nonce)
        self.effects.append(
            .askGuard(
                .adopt(
                    GuardSession(
                        epoch: epoch, nonce: nonce, owner: self.acceptorID,
                        fencingBudget: self.settings.lease.fence,
                        wakeUpDelay: self.settings.lease.wakeUp))))
    }

    mutating func beginServing(_ epoch: Epoch, _ nonce: Nonce) {
        guard let link = self.guardLink, let configuration = self.configuration else { return }
        // A renewal of an earlier session may stay unanswered; this guard has just answered.
        self.guardLink?.waitingSince = nil
        self.holding = .serving(
            HolderLease(
                epoch: epoch, nonce: nonce, agentNumber: link.hello.agentNumber,
                settings: self.settings.lease, voterCount: configuration.voters.count,
                now: self.now.moment))
        // Once: they were alive at the hello, and may be gone by the next session.
        self.guardLink?.hello.runs = []
        self.adoptRuns(link.hello.runs)
        if let own = self.learner.sessions[self.settings.host] {
            self.ownSessionLearned(own.record)
        }
        self.beat()
    }

    // MARK: Heartbeats

    mutating func beat() {
        guard case .serving(var lease) = self.holding else { return }
        let interval = self.settings.lease.heartbeat
        let jitter = self.randomness.upTo(interval.scaled(by: 0.1))
        self.setTimer(.beat, after: interval.scaled(by: 0.95) + jitter)
        // S11: only while the guard answers and the own disk commits.
        if !self.isDiskStalled, !self.isGuardSilent {
            switch lease.beat(at: self.now.moment) {
            case .heartbeat(let heartbeat): self.sendToVoters(.heartbeat(heartbeat))
            case .probe(let sequence): self.sendToVoters(.probe(sequence: sequence))
            }
        }
        self.holding = .serving(lease)
        self.renewGuard()
        self.noteQuorum()
    }

    /// Whether the guard has left a renewal unanswered for longer than a heartbeat.
    private var isGuardSilent: Bool {
        guard let since = self.guardLink?.waitingSince else { return false }
        return self.now.moment.holderElapsed(since: since) > self.settings.lease.heartbeat
    }

    mutating func acknowledged(_ agentNumber: UInt64, _ sequence: UInt64, by host: HostName) {
        // S11: only acknowledgements of our own number count.
        guard case .serving(var lease) = self.holding, lease.agentNumber == agentNumber else {
            return
        }
        let isFirst = lease.start == nil
        let isLonger = lease.acknowledged(by: host, sequence: sequence)
        self.holding = .serving(lease)
        guard isLonger else { return }
        self.renewGuard()
        self.noteQuorum()
        // From here on a claim can be launched: look at what waits for that.
        if isFirst { self.revisitAll() }
    }

    mutating func probeAnswered(_ sequence: UInt64, by host: HostName) {
        guard case .serving(var lease) = self.holding else { return }
        // S9: one heartbeat for a probe that a majority answered.
        let heartbeat = lease.probeAnswered(by: host, sequence: sequence, at: self.now.moment)
        self.holding = .serving(lease)
        if let heartbeat { self.sendToVoters(.heartbeat(heartbeat)) }
    }

    /// Hands the present deadlines to the guard; its answer also shows that it is alive (S11).
    private mutating func renewGuard() {
        guard case .serving(let lease) = self.holding, var link = self.guardLink,
            let deadlines = lease.deadlines
        else { return }
        link.renewals += 1
        if link.waitingSince == nil { link.waitingSince = self.now.moment }
        self.guardLink = link
        self.effects.append(
            .askGuard(
                .renew(
                    epoch: lease.epoch, sequence: link.renewals,
                    GuardDeadlines(soft: deadlines.soft, hard: deadlines.hard))))
    }

    private mutating func noteQuorum() {
        let quorum = self.quorum
        let hasQuorum = quorum.have >= quorum.need
        guard hasQuorum != self.hadQuorum else { return }
        self.hadQuorum = hasQuorum
        let figures = "\(quorum.have) of \(quorum.of) voters answer"
        self.observe(
            hasQuorum ? .quorumReached : .quorumLost, host: self.settings.host,
            hasQuorum ? figures : "\(figures), \(quorum.need) are needed")
        if hasQuorum { self.revisitAll() }
    }

    // MARK: The voter's side

    mutating func receive(_ heartbeat: SessionVoter.Heartbeat, of host: HostName) {
        switch self.voter.receive(heartbeat, of: host, at: self.now.moment) {
        case .acknowledged:
            self.send(
                .heartbeatAcknowledged(
                    agentNumber: heartbeat.agentNumber, sequence: heartbeat.sequence), to: host)
            self.scheduleVoterCheck()
        case .stale: break
        case .refused: self.send(.heartbeatRefused(epoch: heartbeat.epoch), to: host)
        }
    }

    /// A voter refuses us: either we are closed, or a minority took in a closing (S2).
    mutating func heartbeatRefused(_ epoch: Epoch) {
        guard case .serving(let lease) = self.holding, lease.epoch == epoch else { return }
        let purpose = Purpose.healSession(lease.epoch, lease.nonce)
        let queued = self.work[self.ownRegister]?.queue.contains { $0.purpose == purpose } ?? false
        guard !queued else { return }
        self.submit(
            .rewrite, to: self.ownRegister, for: purpose, within: self.settings.lease.heartbeat)
    }

    mutating func scheduleVoterCheck() {
        guard let span = self.voter.nextExpiry(after: self.now.moment) else { return }
        self.setTimer(.voterCheck, after: span + .milliseconds(1))
    }

    /// Timers that ran out: begins to ask whether those sessions are to be given up (S3).
    mutating func checkVoters() {
        guard self.configuration != nil else { return }
        for (index, gone) in self.voter.expired(at: self.now.moment).enumerated() {
            guard !self.learner.isClosed(SessionID(host: gone.host, epoch: gone.epoch)),
                !self.timers.isSet(.closing(gone.host))
            else { continue }
            // One voter asks first; the others follow if it does not come to anything.
            let rank = self.closingRank(of: gone.host)
            self.setTimer(.closing(gone.host), after: .milliseconds(30 * rank + index))
        }
        self.scheduleVoterCheck()
    }

    private func closingRank(of host: HostName) -> Int {
        let order = self.settings.hosts.filter { $0 != host }.sorted {
            (StableHash.of(host.text, $0.text), $0) < (StableHash.of(host.text, $1.text), $1)
        }
        return order.firstIndex(of: self.settings.host) ?? order.count
    }

    mutating func survey(_ host: HostName) {
        let gone = self.voter.expired(at: self.now.moment).first { $0.host == host }
        guard let gone, !self.learner.isClosed(SessionID(host: host, epoch: gone.epoch)) else {
            return
        }
        self.surveys = self.surveys.filter { $0.value.session.host != host }
        let id = self.nextNumber()
        self.surveys[id] = ClosingSurvey(
            session: SessionID(host: host, epoch: gone.epoch), nonce: gone.nonce)
        // Asked again later, if nothing comes of it.
        let interval = self.settings.lease.heartbeat.scaled(by: 0.25)
        self.setTimer(.closing(host), after: interval + self.randomness.upTo(interval))
        self.sendToVoters(.wouldClose(attempt: id, SessionID(host: host, epoch: gone.epoch)))
    }

    mutating func surveyAnswered(_ id: UInt64, _ isYes: Bool, by host: HostName) {
        guard isYes, var survey = self.surveys[id], let configuration = self.configuration,
            !survey.isDone
        else { return }
        survey.yes.insert(host)
        survey.isDone = survey.yes.count >= configuration.majority
        self.surveys[id] = survey
        guard survey.isDone else { return }
        self.submit(
            .session(
                .close(epoch: survey.session.epoch, nonce: survey.nonce, .expired)),
            to: .session(of: survey.session.host), for: .closeSession(survey.session),
            within: self.settings.lease.heartbeat)
    }

    // MARK: Ends

    /// A record of our own register is chosen.
    mutating func ownSessionLearned(_ record: SessionRecord) {
        if case .examining = self.holding { self.setTimer(.examine, after: .zero) }
        guard case .serving(let lease) = self.holding else { return }
        let isOther = record.epoch == lease.epoch && record.nonce != lease.nonce
        guard record.proves(closed: lease.epoch) || isOther else { return }
        self.endSession(lease.epoch, lease.nonce, release: false)
    }

    /// A majority of promises reports this as the newest record of our own register.
    ///
    /// S2: once a closing is the newest, we fence, though it may never be chosen. To go on would
    /// end nothing: those who took it in refuse our heartbeats, the others arm their timers by
    /// them and refuse the closing.
    mutating func ownSessionPromised(_ highest: Accepted?) {
        guard case .serving(let lease) = self.holding, let highest,
            let record = try? RecordCoding.decodeSession(highest.value)
        else { return }
        let isOther = record.epoch == lease.epoch && record.nonce != lease.nonce
        guard record.proves(closed: lease.epoch) || isOther else { return }
        self.endSession(lease.epoch, lease.nonce, release: false)
    }

    /// Our session is over: everything of it ends, and only then is the next one opened (S1).
    mutating func endSession(_ epoch: Epoch, _ nonce: Nonce, release: Bool) {
        self.timers.cancel(.beat)
        self.claims = [:]
        self.holding = .retiring(epoch, nonce, release: release)
        self.effects.append(.askGuard(.retire(epoch: epoch)))
    }

    mutating func didHeal(_ epoch: Epoch, _ nonce: Nonce, _ outcome: ChangeOutcome) {
        guard case .serving(let lease) = self.holding, lease.epoch == epoch,
            lease.nonce == nonce, case .won(let accepted) = outcome,
            let record = try? RecordCoding.decodeSession(accepted.value)
        else { return }
        self.ownSessionLearned(record)
    }

    /// The guard says that nothing of the epoch runs or ever will (S10).
    mutating func didRetire(_ epoch: Epoch) {
        if let retired = self.guardLink?.hello.retiredThrough {
            self.guardLink?.hello.retiredThrough = max(retired, epoch)
        }
        self.orphan = nil
        switch self.holding {
        case .retiring(epoch, let nonce, let release):
            if release { self.release(epoch, nonce) } else { self.afterSession() }
        case .serving(let lease) where lease.epoch == epoch:
            // The guard is ending, and has retired what it served.
            self.timers.cancel(.beat)
            self.claims = [:]
            self.release(epoch, lease.nonce)
        case .idle, .examining, .opening, .adopting, .serving, .retiring, .releasing, .ended: break
        }
    }

    private mutating func release(_ epoch: Epoch, _ nonce: Nonce) {
        self.holding = .releasing(epoch, nonce)
        self.submit(
            .session(.close(epoch: epoch, nonce: nonce, .byHolder)), to: self.ownRegister,
            for: .releaseSession(epoch, nonce), within: .seconds(2))
    }

    mutating func didRelease(_ epoch: Epoch, _ nonce: Nonce, _ outcome: ChangeOutcome) {
        guard self.holding == .releasing(epoch, nonce) else { return }
        switch outcome {
        case .won, .refused(.session(.already), _), .refused(.session(.wrongEpoch), _):
            self.afterSession()
        case .refused, .unknown, .notProposed:
            // Without a quorum the voters' timers do it in their time.
            if self.guardLink == nil || self.guardLink?.isEnding == true {
                self.afterSession()
            } else {
                self.release(epoch, nonce)
            }
        }
    }

    private mutating func afterSession() {
        guard let link = self.guardLink else {
            self.holding = .idle
            return
        }
        if link.isEnding {
            self.finishEnding()
        } else {
            self.holding = .examining
            self.examineSession()
        }
    }

    /// The guard is ending before any session was opened.
    mutating func finishWithoutSession() { self.finishEnding() }

    private mutating func finishEnding() {
        guard self.holding != .ended else { return }
        self.holding = .ended
        self.effects.append(.released)
    }
}
