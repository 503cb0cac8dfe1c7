import HoldfastCore

extension KeyRecord {
    /// Ends a holding as its host reports it, and decides what follows (C3).
    mutating func end(_ holder: Holder, _ vacancy: KeyChange.Vacancy) {
        self.holder = nil
        self.last = Ending(
            token: self.token, session: holder.session, how: vacancy.how, cause: vacancy.cause,
            at: vacancy.at, ran: vacancy.ran)
        guard let job = self.job else { return }
        switch vacancy.cause {
        case .itself, .outOfMemory:
            self.decideRestart(job, vacancy)
        case .stopped:
            self.delay = .zero
        case .fenced, .hostEnding:
            self.afterLoss(job)
        }
        if vacancy.how == .neverStarted {
            // It executed nothing: whatever the policy, it is still to run.
            self.rest = .none
            self.delay = .zero
        }
    }

    /// Ends a holding whose session was closed: how the process ended nobody knows.
    mutating func lose(_ holder: Holder, at now: WallTime) {
        self.holder = nil
        self.last = Ending(
            token: self.token, session: holder.session, how: .lost, cause: .fenced, at: now,
            ran: .milliseconds(max(0, now.milliseconds - holder.since.milliseconds)))
        if let job = self.job { self.afterLoss(job) }
    }

    /// An end that was the host's doing counts neither as success nor as failure; it is followed
    /// by another run at once, unless at most one run was asked for.
    private mutating func afterLoss(_ job: Declaration) {
        self.delay = .zero
        if job.spec.restart.condition == .never, self.rest == .none { self.rest = .finished }
    }

    private mutating func decideRestart(_ job: Declaration, _ vacancy: KeyChange.Vacancy) {
        let policy = job.spec.restart
        let isSuccess = vacancy.how == .exited(code: 0)
        switch policy.condition {
        case .never:
            self.rest = .finished
            return
        case .onFailure:
            if isSuccess {
                self.rest = .finished
                return
            }
        case .always:
            break
        }
        if vacancy.ran > max(.seconds(10), policy.maximumDelay) { self.restarts = 0 }
        self.delay = Self.delay(after: self.restarts, policy)
        self.restarts = min(self.restarts + 1, 1_000_000)
        self.considerGivingUp(policy, at: vacancy.at)
    }

    /// `delay`, doubled with each failure, up to `maximumDelay`.
    private static func delay(after restarts: UInt32, _ policy: RestartPolicy) -> Duration {
        var delay = policy.delay
        for _ in 0..<min(restarts, 62) where delay < policy.maximumDelay { delay += delay }
        return min(delay, max(policy.delay, policy.maximumDelay))
    }

    private mutating func considerGivingUp(_ policy: RestartPolicy, at now: WallTime) {
        guard let giveUp = policy.giveUp else { return }
        let span = giveUp.within.wholeNanoseconds / 1_000_000
        self.recentEnds = self.recentEnds.filter { $0.milliseconds > now.milliseconds - span }
        self.recentEnds.append(now)
        self.recentEnds = Array(self.recentEnds.suffix(Int(giveUp.count)))
        if self.recentEnds.count >= Int(giveUp.count) { self.rest = .gaveUp }
    }
}
