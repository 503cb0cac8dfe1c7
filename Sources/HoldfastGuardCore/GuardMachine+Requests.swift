import HoldfastCore

extension GuardMachine {
    mutating func receive(_ request: GuardRequest, at now: Moment) -> [GuardEffect] {
        switch request {
        case .adopt(let session): self.adopt(session)
        case .renew(let epoch, let sequence, let deadlines):
            self.renew(epoch, sequence, deadlines, at: now)
        case .launch(let order): self.launch(order, at: now)
        case .stop(let name, let immediately): self.stop(name, immediately, at: now)
        case .burn(let name): self.burn(name)
        case .settle(let name): self.settle(name, at: now)
        case .retire(let epoch): self.retire(through: epoch, at: now)
        }
    }

    /// S10, S11: one session at a time, and never one that was retired.
    private mutating func adopt(_ session: GuardSession) -> [GuardEffect] {
        guard self.ending == .notAsked, self.retiring == nil,
            session.epoch > self.retiredThrough
        else { return [.disconnectAgent] }
        if let served = self.served {
            guard served.session.epoch == session.epoch, served.session.nonce == session.nonce,
                served.session.owner == session.owner
            else { return [.disconnectAgent] }
        }
        // A repetition may bring other spans: the cluster's T can change during a session.
        self.served = Served(session: session, lease: self.served?.lease ?? .waiting)
        return [.report(.adopted(epoch: session.epoch))]
    }

    private mutating func renew(
        _ epoch: Epoch, _ sequence: UInt64, _ asked: GuardDeadlines, at now: Moment
    ) -> [GuardEffect] {
        var effects: [GuardEffect] = []
        if var served = self.served, served.session.epoch == epoch, self.retiring == nil {
            let deadlines = asked.cut(to: now.advanced(by: served.session.fencingBudget))
            if self.isBelieved(asked, of: served.session), !now.hasReached(deadlines.hard) {
                served.lease = .valid(deadlines, isPastSoft: false)
                self.served = served
                effects = self.resume(deadlines)
            } else if served.lease.isValid, !now.hasReached(deadlines.hard) {
                // Not believed: what holds goes on to its own deadline.
            } else if case .valid = served.lease {
                // The agent itself says that the lease is over; `enforce` follows.
                served.lease = .valid(deadlines, isPastSoft: false)
                self.served = served
            }
        }
        let isFenced = self.served?.session.epoch != epoch || self.isFenced || self.retiring != nil
        return effects + [.report(.renewed(epoch: epoch, sequence: sequence, isFenced: isFenced))]
    }

    /// S8: after a disruption only a lease that began later counts; a lease begins at most the
    /// fencing budget before its hard deadline.
    private func isBelieved(_ deadlines: GuardDeadlines, of session: GuardSession) -> Bool {
        guard let disruptedAt = self.disruptedAt else { return true }
        let earliest = disruptedAt.advanced(by: session.fencingBudget)
        return deadlines.hard.boot >= earliest.boot && deadlines.hard.raw >= earliest.raw
    }

    /// G3: the kernel timer first, for the new deadline; then what was paused may run again.
    private mutating func resume(_ deadlines: GuardDeadlines) -> [GuardEffect] {
        guard self.liveCount > 0 else { return [] }
        var effects = [self.kernelTimer(behind: deadlines)]
        for slot in self.runs.indices {
            guard let run = self.runs[slot], run.pause != .none, run.stop != .killed else {
                continue
            }
            self.runs[slot]?.pause = .none
            effects.append(.thaw(slot: slot, before: deadlines.hard))
        }
        return effects
    }

    /// G4: half of the guard's own wake-up delay behind the hard deadline.
    mutating func kernelTimer(behind deadlines: GuardDeadlines) -> GuardEffect {
        self.isKernelTimerArmed = true
        let delay = self.served?.session.wakeUpDelay ?? .zero
        return .armKernelTimer(deadlines.hard.advanced(by: delay / 2))
    }

    private mutating func launch(_ order: LaunchOrder, at now: Moment) -> [GuardEffect] {
        // A repetition of an order is answered as that run stands: it never runs twice.
        if let end = self.exits[order.name] { return [.report(.exited(order.name, end))] }
        if let slot = self.slotOfKey[order.name.key], let run = self.run(in: slot),
            run.name == order.name
        {
            return [.report(.launched(run.name, processID: run.processID))]
        }
        let refusal = self.refusal(of: order, at: now)
        // C8: launched, failed or refused, this token is used.
        self.tokens.remember(order.name)
        if let refusal { return [.report(.refused(order.name, refusal))] }
        guard case .valid(let deadlines, _)? = self.served?.lease else { return [] }
        let slot = self.place(GuardRun(order, at: now))
        return [
            self.kernelTimer(behind: deadlines),
            .launch(order, slot: slot, before: deadlines.soft),
        ]
    }

    /// G5: everything that must hold before a launch.
    private func refusal(of order: LaunchOrder, at now: Moment) -> RefusalReason? {
        guard self.ending == .notAsked else { return .ending }
        guard let served = self.served, served.session.epoch == order.epoch,
            self.retiring == nil, order.epoch > self.retiredThrough
        else { return .wrongEpoch }
        guard case .valid(let deadlines, _) = served.lease,
            !now.hasReached(deadlines.soft), !now.hasReached(deadlines.hard)
        else { return .fenced }
        guard !self.tokens.isUsed(order.name) else { return .staleToken }
        guard self.slotOfKey[order.name.key] == nil else { return .keyInUse }
        guard self.settings.allowedUsers.contains(order.userID) else { return .userNotAllowed }
        guard self.liveCount + self.exits.entries.count < self.settings.runLimit else {
            return .tooManyRuns
        }
        return nil
    }

    private mutating func stop(
        _ name: RunName, _ immediately: Bool, at now: Moment
    ) -> [GuardEffect] {
        guard let slot = self.slotOfKey[name.key], self.run(in: slot)?.name == name else {
            return []
        }
        return immediately
            ? self.kill(slot, .stopped) : self.beginStop(slot, .stopped, at: now)
    }

    /// Signal now, kill after the grace.
    ///
    /// What is frozen could not act on a signal.
    mutating func beginStop(
        _ slot: Int, _ cause: RunEnd.Cause, at now: Moment
    ) -> [GuardEffect] {
        guard let run = self.run(in: slot), run.stop == .notAsked else { return [] }
        guard run.pause == .none else { return self.kill(slot, cause) }
        self.runs[slot]?.blame(cause)
        self.runs[slot]?.stop = .grace(until: now.advanced(by: run.stopGrace))
        return [.signal(slot: slot)]
    }

    mutating func kill(_ slot: Int, _ cause: RunEnd.Cause) -> [GuardEffect] {
        guard let run = self.run(in: slot), run.stop != .killed else { return [] }
        self.runs[slot]?.blame(cause)
        self.runs[slot]?.stop = .killed
        return [.kill(slot: slot)]
    }

    /// C8: from now on no launch of this token or a lower one; answered when none of them lives.
    private mutating func burn(_ name: RunName) -> [GuardEffect] {
        self.tokens.remember(name)
        guard let slot = self.slotOfKey[name.key], let run = self.run(in: slot),
            run.name.token <= name.token
        else { return [.report(.burned(name))] }
        var waiting = run.waitingBurns
        if !waiting.contains(name.token) {
            if waiting.count == Limits.waitingBurnCount { waiting.removeFirst() }
            waiting.append(name.token)
            waiting.sort()
        }
        self.runs[slot]?.waitingBurns = waiting
        return self.kill(slot, .stopped)
    }

    private mutating func settle(_ name: RunName, at now: Moment) -> [GuardEffect] {
        guard self.exits.settle(name) else { return [] }
        return [.forget(name)] + self.settleState(at: now)
    }

    /// S10: nothing of these epochs again.
    ///
    /// Earlier ones go with it: they have ended already.
    private mutating func retire(through epoch: Epoch, at now: Moment) -> [GuardEffect] {
        guard epoch > self.retiredThrough else { return [.report(.retired(epoch: epoch))] }
        guard (self.served?.session.epoch ?? 0) <= epoch else {
            // An earlier session's epoch, which was over before the present one was adopted.
            return [.report(.retired(epoch: epoch))]
        }
        self.retiring = max(self.retiring ?? 0, epoch)
        var effects: [GuardEffect] = []
        for slot in self.runs.indices { effects += self.kill(slot, .fenced) }
        return effects + self.settleState(at: now)
    }
}

extension GuardDeadlines {
    /// G2: never beyond `limit`, clock by clock, and the soft one never behind the hard one.
    fileprivate func cut(to limit: Moment) -> GuardDeadlines {
        let hard = self.hard.earliest(limit)
        return GuardDeadlines(soft: self.soft.earliest(hard), hard: hard)
    }
}

extension Moment {
    fileprivate func earliest(_ other: Moment) -> Moment {
        Moment(
            boot: min(self.boot, other.boot), monotonic: min(self.monotonic, other.monotonic),
            raw: min(self.raw, other.raw))
    }
}
