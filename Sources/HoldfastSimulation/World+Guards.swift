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
        self.hosts[host].guardProcess = SimulatedGuard(incarnation: self.random.next())
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
        self.hosts[host].guardDue = nil
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
        self.tellGuard(host, .terminate)
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
        for input in inputs { self.tellGuard(host, input) }
        self.hosts[host].guardDue = nil
        self.tellGuardOfTime(host)
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
        let now = self.hosts[host].clock.read(at: self.now).moment
        var actions: [SimulatedGuard.Action]?
        switch input {
        case .connect(let life):
            guard self.hosts[host].agentLife == life, self.hosts[host].connection == nil else {
                return
            }
            self.hosts[host].connectionCount += 1
            self.hosts[host].connection = self.hosts[host].connectionCount
            self.hosts[host].guardConnection = self.hosts[host].connectionCount
            actions = self.hosts[host].guardProcess?.connected(at: now)
        case .request(let request, let connection):
            // S11: the newest agent's connection alone is obeyed.
            guard self.hosts[host].guardConnection == connection else { return }
            actions = self.hosts[host].guardProcess?.receive(request, at: now)
        case .cloneReady(let name):
            let fails = !self.isQuiet && self.random.chance(self.plan.failedLaunches)
            actions = self.hosts[host].guardProcess?.cloneIsReady(
                name, step: fails ? .execute : nil, at: now)
        case .emptied(let name, let status):
            actions = self.hosts[host].guardProcess?.emptied(name, status, at: now)
        case .froze(let name): actions = self.hosts[host].guardProcess?.froze(name, at: now)
        case .terminate: actions = self.hosts[host].guardProcess?.terminate(at: now)
        }
        for action in actions ?? [] { self.carryOut(action, host) }
        self.scheduleGuard(host, now)
    }

    mutating func wakeGuard(_ host: Int, _ stamp: UInt64) {
        guard self.hosts[host].guardStamp == stamp else { return }
        self.hosts[host].guardDue = nil
        guard !self.hosts[host].isGuardStopped else { return }
        self.tellGuardOfTime(host)
    }

    private mutating func tellGuardOfTime(_ host: Int) {
        let now = self.hosts[host].clock.read(at: self.now).moment
        let actions = self.hosts[host].guardProcess?.woke(at: now) ?? []
        for action in actions { self.carryOut(action, host) }
        self.scheduleGuard(host, now)
    }

    /// Guards wake late, by up to half of G; then the kernel timer would act (G4).
    private mutating func scheduleGuard(_ host: Int, _ now: HoldfastCore.Moment) {
        let due = self.hosts[host].guardProcess?.nextDue
        guard due != self.hosts[host].guardDue else { return }
        self.hosts[host].guardDue = due
        self.hosts[host].guardStamp += 1
        guard let due else { return }
        let span = self.hosts[host].clock.trueSpan(of: .nanoseconds(due - now.boot))
        let lateness = self.random.upTo(self.settings.lease.wakeUp / 2)
        self.queue.add(
            .guardWakes(host, stamp: self.hosts[host].guardStamp), at: self.now + span + lateness)
    }

    private mutating func carryOut(_ action: SimulatedGuard.Action, _ host: Int) {
        switch action {
        case .report(let report):
            self.note(host, "guard", "reports \(report.summary)")
            guard let connection = self.hosts[host].guardConnection else { return }
            self.afterReports(host, .reportArrives(host, report, connection: connection))
        case .clone(let name):
            self.queue.add(
                .cloneReady(host, name, guardLife: self.hosts[host].guardLife),
                at: self.now + self.random.upTo(.milliseconds(5)))
        case .execute(let name): self.execute(host, name)
        case .signal(let name): self.signal(host, name)
        case .kill(let name): self.doom(host, name)
        case .freeze(let name): self.beginFreezing(host, name)
        case .thaw(let name): self.thaw(host, name)
        case .armKernelTimer(let moment): self.armKernelTimer(host, moment)
        case .exit:
            self.note(host, "guard", "ends in order")
            self.endGuard(host)
            self.restartAll(host)
        }
    }

    private mutating func armKernelTimer(_ host: Int, _ moment: HoldfastCore.Moment?) {
        self.hosts[host].timerStamp += 1
        guard let moment else { return }
        let now = self.hosts[host].clock.read(at: self.now).moment
        let span = self.hosts[host].clock.trueSpan(of: .nanoseconds(moment.boot - now.boot))
        self.queue.add(
            .guardKilledByTimer(
                host, life: self.hosts[host].guardLife, stamp: self.hosts[host].timerStamp),
            at: self.now + span)
    }
}
