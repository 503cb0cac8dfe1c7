import HoldfastCore

extension GuardMachine {
    mutating func launched(
        _ slot: Int, _ processID: Int32, at now: Moment
    ) -> [GuardEffect] {
        guard let run = self.run(in: slot), run.processID == 0 else { return [] }
        self.runs[slot]?.processID = processID
        self.runs[slot]?.launchedAt = now
        return [.report(.launched(run.name, processID: processID))]
    }

    /// A launch that came to nothing: the place is free again, the token is not.
    mutating func abandon(
        _ slot: Int, at now: Moment, _ report: (RunName) -> GuardReport
    ) -> [GuardEffect] {
        guard let run = self.run(in: slot), run.processID == 0 else { return [] }
        self.vacate(slot)
        return [.report(report(run.name))] + self.settleState(at: now)
    }

    /// G6: what outlives the main process gets the stop sequence.
    mutating func mainEnded(
        _ slot: Int, _ status: RunEnd.Status, _ ranOutOfMemory: Bool, isEmpty: Bool,
        at now: Moment
    ) -> [GuardEffect] {
        guard let run = self.run(in: slot), run.mainEnd == nil else { return [] }
        let ran = now.holderElapsed(since: run.launchedAt)
        self.runs[slot]?.mainEnd = GuardRun.MainEnd(
            status: status, ran: max(.zero, ran), ranOutOfMemory: ranOutOfMemory)
        if isEmpty || run.isEmpty { return self.emptied(slot, at: now) }
        switch (run.stop, run.pause) {
        case (.killed, _): return []
        case (_, .freezing), (_, .frozen): return self.kill(slot, .itself)
        case (.grace, .none): return [.signal(slot: slot)]
        case (.notAsked, .none): return self.beginStop(slot, .itself, at: now)
        }
    }

    mutating func emptied(_ slot: Int, at now: Moment) -> [GuardEffect] {
        guard self.run(in: slot) != nil else { return [] }
        self.runs[slot]?.isEmpty = true
        guard let run = self.run(in: slot), let end = run.end else {
            return self.settleState(at: now)
        }
        self.vacate(slot)
        self.exits.keep(run.name, end)
        var effects: [GuardEffect] = [.release(slot: slot), .report(.exited(run.name, end))]
        for token in run.waitingBurns {
            effects.append(.report(.burned(RunName(key: run.name.key, token: token))))
        }
        return effects + self.settleState(at: now)
    }

    mutating func frozen(_ slot: Int, at now: Moment) -> [GuardEffect] {
        // Late, when it was thawed meanwhile: then it does not count.
        guard let run = self.run(in: slot), case .freezing(let since) = run.pause else {
            return []
        }
        self.runs[slot]?.pause = .frozen(since: since)
        return self.settleState(at: now)
    }

    private mutating func vacate(_ slot: Int) {
        guard let run = self.run(in: slot) else { return }
        self.runs[slot] = nil
        self.slotOfKey[run.name.key] = nil
    }

    mutating func terminate(at now: Moment) -> [GuardEffect] {
        guard self.ending == .notAsked else { return [] }
        self.ending = .stopping
        var effects: [GuardEffect] = [.report(.ending)]
        for slot in self.runs.indices {
            effects += self.beginStop(slot, .guardEnding, at: now)
        }
        return effects + self.settleState(at: now)
    }

    /// S8: what the clocks counted is not what passed; the lease may long be over.
    mutating func distrustClock(at now: Moment) -> [GuardEffect] {
        self.disruptedAt = now
        guard var served = self.served, served.lease.isValid else { return [] }
        let over = GuardDeadlines(soft: now, hard: now)
        served.lease = .valid(over, isPastSoft: false)
        self.served = served
        return self.liveCount > 0 ? [self.kernelTimer(behind: over)] : []
    }

    /// Draws the conclusions that depend on all runs: fenced, retired, ended.
    mutating func settleState(at now: Moment) -> [GuardEffect] {
        self.settleFence() + self.settleRetirement() + self.settleEnding(at: now)
    }

    /// G4: only now, with everything read back, the kernel need not stand behind us.
    private mutating func settleFence() -> [GuardEffect] {
        guard let served = self.served else { return [] }
        guard self.liveCount == 0 || served.lease == .fencing && self.isQuiet else { return [] }
        let effects = self.disarmKernelTimer()
        guard served.lease == .fencing else { return effects }
        self.served?.lease = .fenced
        return effects + [.report(.fenced(epoch: served.session.epoch))]
    }

    private mutating func disarmKernelTimer() -> [GuardEffect] {
        guard self.isKernelTimerArmed else { return [] }
        self.isKernelTimerArmed = false
        return [.disarmKernelTimer]
    }

    private var isQuiet: Bool {
        self.runs.allSatisfy { run in run?.isQuiet ?? true }
    }

    private mutating func settleRetirement() -> [GuardEffect] {
        guard let epoch = self.retiring, self.liveCount == 0 else { return [] }
        self.retiring = nil
        self.retiredThrough = epoch
        self.served = nil
        return self.disarmKernelTimer() + [.report(.retired(epoch: epoch))]
    }

    private mutating func settleEnding(at now: Moment) -> [GuardEffect] {
        guard self.liveCount == 0 else { return [] }
        if self.ending == .stopping {
            self.ending = .settling(until: now.advanced(by: self.settings.settleLimit))
        }
        guard case .settling(let until) = self.ending,
            self.exits.entries.isEmpty || now.hasReached(until)
        else { return [] }
        self.ending = .ended
        guard let epoch = self.served?.session.epoch else { return [.end] }
        self.retiredThrough = max(self.retiredThrough, epoch)
        self.served = nil
        return self.disarmKernelTimer() + [.report(.retired(epoch: epoch)), .end]
    }
}
