package import HoldfastCore

/// The deadline path (G3). Nothing here allocates: it must work when there is no memory to have.
extension GuardMachine {
    /// Carries out what is due at `now` by calling `act` with the place of each run concerned.
    ///
    /// - Parameters:
    ///   - now: A reading not older than any passed before.
    ///   - act: Must not touch this machine. It is called in the order of places.
    /// - Returns: Whether anything was due. The driver then reads back what became true, and
    ///   passes `enforced`.
    /// - Complexity: O(runs); no allocation, provided that `act` makes none.
    package mutating func enforce(
        at now: Moment, _ act: (DeadlineAct, _ slot: Int) -> Void
    ) -> Bool {
        let (isSoft, isHard) = self.passDeadlines(at: now)
        var acted = isSoft || isHard
        for slot in self.runs.indices {
            if let due = self.due(slot, isSoft: isSoft, isHard: isHard, at: now) {
                act(due, slot)
                acted = true
            }
        }
        if case .settling(let until) = self.ending, now.hasReached(until) { acted = true }
        return acted
    }

    /// Which deadline has passed just now.
    private mutating func passDeadlines(at now: Moment) -> (isSoft: Bool, isHard: Bool) {
        guard case .valid(let deadlines, let isPastSoft)? = self.served?.lease else {
            return (false, false)
        }
        if now.hasReached(deadlines.hard) {
            self.served?.lease = .fencing
            return (false, true)
        }
        guard !isPastSoft, now.hasReached(deadlines.soft) else { return (false, false) }
        self.served?.lease = .valid(deadlines, isPastSoft: true)
        return (true, false)
    }

    /// What is due for one run, already noted as done.
    private mutating func due(
        _ slot: Int, isSoft: Bool, isHard: Bool, at now: Moment
    ) -> DeadlineAct? {
        guard let stop = self.runs[slot]?.stop, stop != .killed else { return nil }
        if isHard { return self.passHard(slot, at: now) }
        if isSoft, stop == .notAsked, self.runs[slot]?.onDeadline == .stop {
            return self.passSoft(slot, at: now)
        }
        if case .grace(let until) = stop, now.hasReached(until) {
            self.runs[slot]?.stop = .killed
            return .kill
        }
        if let limit = self.runs[slot]?.dueAt.freezeLimit, now.hasReached(limit) {
            self.runs[slot]?.blame(.fenced)
            self.runs[slot]?.stop = .killed
            return .kill
        }
        return nil
    }

    private mutating func passHard(_ slot: Int, at now: Moment) -> DeadlineAct {
        // A guard that is ending keeps nothing for later.
        if self.runs[slot]?.onDeadline == .freeze, self.ending == .notAsked {
            self.runs[slot]?.pause = .freezing(since: now)
            return .freeze
        }
        self.runs[slot]?.blame(.fenced)
        self.runs[slot]?.stop = .killed
        return .kill
    }

    /// Killed at the hard deadline, or if a renewal moves that, after its grace.
    private mutating func passSoft(_ slot: Int, at now: Moment) -> DeadlineAct {
        self.runs[slot]?.blame(.fenced)
        let grace = self.runs[slot]?.stopGrace ?? .zero
        var until = now.advanced(by: grace)
        if case .valid(let deadlines, _)? = self.served?.lease {
            until = until.latest(deadlines.hard)
        }
        self.runs[slot]?.stop = .grace(until: until)
        return .signal
    }

    /// How long the driver may wait before it calls `enforce`; `nil`: for ever.
    ///
    /// Counted by whichever clock gets there first (S8).
    package func nextWakeUp(after now: Moment) -> Duration? {
        var least: Int64?
        func consider(_ deadline: Moment?) {
            guard let deadline else { return }
            let wait = max(0, min(deadline.boot - now.boot, deadline.raw - now.raw))
            least = min(least ?? wait, wait)
        }
        if case .valid(let deadlines, let isPastSoft)? = self.served?.lease {
            consider(isPastSoft ? deadlines.hard : deadlines.soft)
        }
        if case .settling(let until) = self.ending { consider(until) }
        for slot in self.runs.indices {
            guard let due = self.runs[slot]?.dueAt else { continue }
            consider(due.grace)
            consider(due.freezeLimit)
        }
        return least.map { wait in .nanoseconds(wait) }
    }
}

extension Moment {
    fileprivate func latest(_ other: Moment) -> Moment {
        Moment(
            boot: max(self.boot, other.boot), monotonic: max(self.monotonic, other.monotonic),
            raw: max(self.raw, other.raw))
    }
}
