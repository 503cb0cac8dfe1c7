import HoldfastCore
import HoldfastGuardCore
import HoldfastNode

/// The guards: their processes, their connections and the kernel behind them.
extension World {
    mutating func startGuard(_ host: Int) {
        guard self.hosts[host].guardProcess == nil else { return }
        // G8: what an earlier guard left is emptied before anything else.
        for name in self.hosts[host].children.keys.sorted() { self.removeChild(host, name) }
        self.hosts[host].guardLife += 1
        self.hosts[host].guardProcess = GuardMachine(
            GuardMachine.Settings(
                incarnation: self.random.next(), containment: .cgroup, allowedUsers: .any))
        self.hosts[host].slots = [:]
        self.note(host, "guard", "starts")
        self.connectSoon(host)
    }

    package mutating func restartGuard(_ host: Int, after delay: Duration = .zero) {
        self.queue.add(.guardStarts(host), at: self.now + delay)
    }

    /// SIGKILL, from anybody: the children die with it (PR_SET_PDEATHSIG).
    package mutating func killGuard(_ host: Int) {
        guard self.hosts[host].guardProcess != nil else { return }
        self.note(host, "guard", "is killed")
        self.endGuard(host)
        for name in self.hosts[host].children.keys.sorted() {
            self.doom(host, name)
        }
    }

    private mutating func endGuard(_ host: Int) {
        self.hosts[host].guardProcess = nil
        self.hosts[host].guardLife += 1
        self.hosts[host].guardStoppedUntil = nil
        self.hosts[host].guardInbox = []
        self.hosts[host].guardWakesAt = nil
        self.hosts[host].guardStamp += 1
        self.hosts[host].timerStamp += 1
        self.hosts[host].guardConnection = nil
        if let connection = self.hosts[host].connection {
            self.afterReports(
                host, .connectionEnds(host, connection: connection, isDead: true))
        }
    }

    /// SIGTERM: the host leaves in order.
    package mutating func terminateGuard(_ host: Int) {
        guard self.hosts[host].guardProcess != nil else { return }
        self.note(host, "guard", "is asked to end")
        self.tellGuard(host, .happened(.terminated))
    }

    /// SIGSTOP, and SIGCONT after a while, if the kernel timer leaves anything.
    package mutating func stopGuard(_ host: Int, for span: Duration) {
        guard self.hosts[host].guardProcess != nil, !self.hosts[host].isGuardStopped else {
            return
        }
        self.note(host, "guard", "is stopped for \(span)")
        self.hosts[host].guardStoppedUntil = self.now + span
        self.queue.add(
            .guardContinues(host, life: self.hosts[host].guardLife), at: self.now + span)
    }

    mutating func continueGuard(_ host: Int, _ life: UInt64) {
        guard self.hosts[host].guardLife == life, self.hosts[host].isGuardStopped else { return }
        self.note(host, "guard", "goes on")
        self.hosts[host].guardStoppedUntil = nil
        let inputs = self.hosts[host].guardInbox
        self.hosts[host].guardInbox = []
        let still = self.hosts[host].guardLife
        // What is due comes before what waits, or after the first of it, as the kernel likes.
        if self.random.chance(0.5) { self.tellGuard(host, .happened(.enforced)) }
        for input in inputs where self.hosts[host].guardLife == still {
            self.tellGuard(host, input)
        }
        if self.hosts[host].guardLife == still { self.tellGuard(host, .happened(.enforced)) }
    }

    /// G4.
    mutating func fireKernelTimer(_ host: Int, _ life: UInt64, _ stamp: UInt64) {
        guard self.hosts[host].guardLife == life, self.hosts[host].timerStamp == stamp else {
            return
        }
        self.figures.guardsKilledByTimer += 1
        self.note(host, "kernel", "the timer behind the guard expires")
        self.killGuard(host)
        self.restartGuard(host, after: self.restartDelay())
    }

    // MARK: Connections

    mutating func connectSoon(_ host: Int) {
        guard self.hosts[host].node != nil, self.hosts[host].guardProcess != nil,
            self.hosts[host].connection == nil
        else { return }
        self.queue.add(
            .connects(
                host, agentLife: self.hosts[host].agentLife,
                guardLife: self.hosts[host].guardLife),
            at: self.now + self.random.upTo(.milliseconds(20)))
    }

    mutating func connect(_ host: Int, _ agentLife: UInt64, _ guardLife: UInt64) {
        guard self.hosts[host].agentLife == agentLife, self.hosts[host].guardLife == guardLife,
            self.hosts[host].connection == nil
        else { return }
        self.tellGuard(host, .connect(agentLife: agentLife))
    }

    mutating func endConnection(_ host: Int, _ connection: UInt64, isDead: Bool) {
        guard self.hosts[host].connection == connection else { return }
        self.hosts[host].connection = nil
        self.tell(host, .guardLost(isDead: isDead))
        self.connectSoon(host)
    }

    package mutating func disconnectGuard(_ host: Int) {
        guard let connection = self.hosts[host].connection else { return }
        self.note(host, "guard", "its connection to the agent breaks")
        self.hosts[host].guardConnection = nil
        self.endConnection(host, connection, isDead: false)
    }

    /// Sends a request to the guard; sockets keep the order of what is sent.
    mutating func ask(_ host: Int, _ request: GuardRequest, after delay: Duration) {
        self.note(host, "agent", "asks its guard: \(request.summary)")
        guard let connection = self.hosts[host].connection else { return }
        let arrival = max(
            self.hosts[host].lastRequestArrival,
            self.now + delay + self.random.upTo(.milliseconds(1)))
        // What is prepared in a thread of its own may be overtaken by what needs no preparing.
        if delay == .zero { self.hosts[host].lastRequestArrival = arrival }
        self.queue.add(
            .requestArrives(
                host, request, connection: connection, guardLife: self.hosts[host].guardLife),
            at: arrival)
    }

    /// Adds an event that comes after every report that is on its way.
    private mutating func afterReports(_ host: Int, _ event: WorldEvent) {
        let arrival = max(
            self.hosts[host].lastReportArrival, self.now + self.random.upTo(.milliseconds(1)))
        self.hosts[host].lastReportArrival = arrival
        self.queue.add(event, at: arrival)
    }

    // MARK: The one way into a guard

    mutating func tellGuard(_ host: Int, _ input: GuardInput) {
        guard self.hosts[host].guardProcess != nil else { return }
        if self.hosts[host].isGuardStopped {
            self.hosts[host].guardInbox.append(input)
            return
        }
        switch input {
        case .connect(let life):
            guard self.hosts[host].agentLife == life, self.hosts[host].connection == nil else {
                return
            }
            self.hosts[host].connectionCount += 1
            self.hosts[host].connection = self.hosts[host].connectionCount
            self.hosts[host].guardConnection = self.hosts[host].connectionCount
            self.step(host, .agentConnected)
        case .request(let request, let connection):
            // S11: the newest agent's connection alone is obeyed.
            guard self.hosts[host].guardConnection == connection else { return }
            self.step(host, .request(request))
        case .happened(let event): self.step(host, event)
        }
    }

    /// One event through the machine; what it asks for; then whatever is due.
    private mutating func step(_ host: Int, _ event: GuardEvent) {
        let life = self.hosts[host].guardLife
        let now = self.hosts[host].clock.read(at: self.now).moment
        let effects = self.hosts[host].guardProcess?.receive(event, at: now) ?? []
        for effect in effects where self.hosts[host].guardLife == life {
            self.carryOut(effect, host)
        }
        guard self.hosts[host].guardLife == life else { return }
        self.enforce(host)
    }

    private mutating func enforce(_ host: Int) {
        let now = self.hosts[host].clock.read(at: self.now).moment
        var acts: [(DeadlineAct, Int)] = []
        let acted = self.hosts[host].guardProcess?.enforce(at: now) { acts.append(($0, $1)) }
        for (act, slot) in acts {
            guard let name = self.hosts[host].slots[slot] else { continue }
            switch act {
            case .signal: self.signal(host, name)
            case .freeze: self.beginFreezing(host, name)
            case .kill: self.doom(host, name)
            }
        }
        if acted == true {
            self.step(host, .enforced)
        } else {
            self.scheduleGuard(host, now)
        }
    }

    mutating func wakeGuard(_ host: Int, _ stamp: UInt64) {
        guard self.hosts[host].guardStamp == stamp else { return }
        self.hosts[host].guardWakesAt = nil
        guard !self.hosts[host].isGuardStopped, self.hosts[host].guardProcess != nil else { return }
        self.enforce(host)
    }

    /// Guards wake late, by less than half of G; then the kernel timer would act (G4).
    private mutating func scheduleGuard(_ host: Int, _ now: HoldfastCore.Moment) {
        guard let span = self.hosts[host].guardProcess?.nextWakeUp(after: now) else {
            self.hosts[host].guardWakesAt = nil
            self.hosts[host].guardStamp += 1
            return
        }
        let due = self.now + self.hosts[host].clock.trueSpan(of: span)
        // Asked again before it was due: as late as was drawn before.
        if let planned = self.hosts[host].guardWakesAt {
            let gap = planned - due
            if gap >= .zero, gap < self.settings.lease.wakeUp / 2 { return }
        }
        let wakes = due + self.random.upTo(self.settings.lease.wakeUp / 2)
        self.hosts[host].guardWakesAt = wakes
        self.hosts[host].guardStamp += 1
        self.queue.add(.guardWakes(host, stamp: self.hosts[host].guardStamp), at: wakes)
    }

    private mutating func carryOut(_ effect: GuardEffect, _ host: Int) {
        switch effect {
        case .report(let report):
            self.note(host, "guard", "reports \(report.summary)")
            guard let connection = self.hosts[host].guardConnection else { return }
            self.afterReports(host, .reportArrives(host, report, connection: connection))
        case .disconnectAgent:
            self.note(host, "guard", "ends the connection")
            guard let connection = self.hosts[host].guardConnection else { return }
            self.hosts[host].guardConnection = nil
            self.afterReports(
                host, .connectionEnds(host, connection: connection, isDead: false))
        case .launch(let order, let slot, let before): self.launch(host, order, slot, before)
        case .signal(let slot):
            if let name = self.hosts[host].slots[slot] { self.signal(host, name) }
        case .kill(let slot):
            if let name = self.hosts[host].slots[slot] { self.doom(host, name) }
        case .thaw(let slot, let before): self.thaw(host, slot, before)
        case .release(let slot): self.hosts[host].slots[slot] = nil
        case .forget: break
        case .armKernelTimer(let moment): self.armKernelTimer(host, moment)
        case .disarmKernelTimer: self.hosts[host].timerStamp += 1
        case .end:
            self.note(host, "guard", "ends in order")
            self.endGuard(host)
            self.restartAll(host)
        }
    }

    /// G5: between the order and the exec the clock is read once more.
    private mutating func launch(
        _ host: Int, _ order: LaunchOrder, _ slot: Int, _ before: HoldfastCore.Moment
    ) {
        let fails = self.random.chance(self.isQuiet ? 0 : self.plan.failedLaunches)
        let now = self.hosts[host].clock.read(at: self.now).moment
        if now.hasReached(before) {
            self.step(host, .launchTooLate(slot: slot))
        } else if fails {
            self.step(host, .launchFailed(slot: slot, .execute, errorNumber: 2))
        } else {
            self.hosts[host].slots[slot] = order.name
            self.execute(host, order, slot)
            self.step(host, .launched(slot: slot, processID: Int32(100 + slot)))
        }
    }

    /// G3 °: the clock is read before.
    private mutating func thaw(_ host: Int, _ slot: Int, _ before: HoldfastCore.Moment) {
        let now = self.hosts[host].clock.read(at: self.now).moment
        guard let name = self.hosts[host].slots[slot], !now.hasReached(before) else { return }
        self.thaw(host, name)
    }

    private mutating func armKernelTimer(_ host: Int, _ moment: HoldfastCore.Moment) {
        self.hosts[host].timerStamp += 1
        let now = self.hosts[host].clock.read(at: self.now).moment
        let span = self.hosts[host].clock.trueSpan(of: .nanoseconds(moment.boot - now.boot))
        self.queue.add(
            .guardKilledByTimer(
                host, life: self.hosts[host].guardLife, stamp: self.hosts[host].timerStamp),
            at: self.now + span)
    }
}
