import HoldfastCore
import HoldfastGuardCore

/// What the guard of a host does, with children that the world plays.
///
/// The seam: the world tells it what arrived or fell due, and carries out its actions in order.
/// It keeps the rules that the guard's machine keeps (G2, G3, G5 to G7, S10, S11, C8).
///
///     adopt            renew                     hard deadline
///     ────▶ fenced ──────────▶ serving ─────────────────────────▶ fenced
///              ▲  retire, everything gone            renew thaws it again (same epoch)
///              └──────────────── no session ◀─────── retire
struct SimulatedGuard: Sendable {
    enum Action: Equatable, Sendable {
        case report(GuardReport)
        case clone(RunName)
        case execute(RunName)
        case signal(RunName)
        case kill(RunName)
        case freeze(RunName)
        case thaw(RunName)
        /// SIGKILL to the guard itself at this reading of its clocks; `nil`: disarmed (G4).
        case armKernelTimer(Moment?)
        case exit
    }

    struct Run: Equatable, Sendable {
        enum Phase: Equatable, Sendable {
            case cloned
            case executing
            case freezing
            case frozen
            case killed
        }

        var order: LaunchOrder
        var phase: Phase
        var began: Moment
        var cause = RunEnd.Cause.itself
        var isSignalled = false
        var killAt: Moment?
    }

    let incarnation: UInt64
    private(set) var session: GuardSession?
    private(set) var retiredThrough: Epoch = 0
    private(set) var isFenced = true
    private var deadlines: GuardDeadlines?
    private(set) var runs: [RunName: Run] = [:]
    private var exits: [RunName: RunEnd] = [:]
    private var burnedOrLaunched: [String: Token] = [:]
    private var burning: Set<RunName> = []
    private var retiring: Epoch?
    private var agentNumber: UInt64 = 0
    private var hasReportedFence = false
    private var exitAt: Moment?
    private var actions: [Action] = []

    init(incarnation: UInt64) {
        self.incarnation = incarnation
    }

    /// A newer agent connected: it alone is obeyed from now on (S11).
    mutating func connected(at now: Moment) -> [Action] {
        self.agentNumber += 1
        self.actions = []
        let live = self.runs.keys.sorted().map { LiveRun(name: $0, processID: 1) }
        self.actions.append(
            .report(
                .hello(
                    GuardHello(
                        agentNumber: self.agentNumber, incarnation: self.incarnation,
                        containment: .cgroup, session: self.session, isFenced: self.isFenced,
                        isEnding: self.exitAt != nil, retiredThrough: self.retiredThrough,
                        runs: live))))
        // G7: whatever no agent has settled is told again.
        for name in self.exits.keys.sorted() {
            if let end = self.exits[name] { self.actions.append(.report(.exited(name, end))) }
        }
        return self.takeActions()
    }

    mutating func receive(_ request: GuardRequest, at now: Moment) -> [Action] {
        self.meetDeadlines(at: now)
        switch request {
        case .adopt(let session): self.adopt(session, at: now)
        case .renew(let epoch, let sequence, let deadlines):
            self.renew(epoch, sequence, deadlines, at: now)
        case .launch(let order): self.launch(order, at: now)
        case .stop(let name, let immediately):
            self.stop(name, immediately: immediately, cause: .stopped, at: now)
        case .burn(let name): self.burn(name)
        case .settle(let name): self.exits[name] = nil
        case .retire(let epoch): self.retire(epoch)
        }
        self.settleRetirement()
        return self.takeActions()
    }

    /// Time passed; deadlines are met on the way to everything else, too.
    mutating func woke(at now: Moment) -> [Action] {
        self.meetDeadlines(at: now)
        self.settleRetirement()
        return self.takeActions()
    }

    /// SIGTERM.
    mutating func terminate(at now: Moment) -> [Action] {
        guard self.exitAt == nil else { return [] }
        self.actions.append(.report(.ending))
        for name in self.runs.keys.sorted() {
            self.stop(name, immediately: false, cause: .guardEnding, at: now)
        }
        self.exitAt = now.advanced(by: self.runs.isEmpty ? .seconds(2) : .seconds(30))
        return self.takeActions()
    }

    // MARK: What became of children

    /// The clone is about to execute: G5 is checked a second time.
    mutating func cloneIsReady(_ name: RunName, step: LaunchStep?, at now: Moment) -> [Action] {
        self.meetDeadlines(at: now)
        guard var run = self.runs[name], run.phase == .cloned else { return self.takeActions() }
        if let refusal = self.refusal(of: run.order.epoch, at: now) {
            self.end(name, .refused(name, refusal))
        } else if let step {
            self.end(name, .launchFailed(name, step: step, errorNumber: 2))
        } else if run.cause != .itself {
            self.end(name, .refused(name, .staleToken))
        } else {
            run.phase = .executing
            run.began = now
            self.runs[name] = run
            self.actions.append(.execute(name))
            self.actions.append(.report(.launched(name, processID: 1)))
        }
        self.settleRetirement()
        return self.takeActions()
    }

    /// The whole cgroup is empty (G6).
    mutating func emptied(_ name: RunName, _ status: RunEnd.Status, at now: Moment) -> [Action] {
        guard let run = self.runs[name] else { return self.takeActions() }
        let end = RunEnd(
            status: status, cause: run.cause, ran: now.holderElapsed(since: run.began))
        self.exits[name] = end
        self.end(name, .exited(name, end))
        if self.exitAt != nil, self.runs.isEmpty {
            // Long enough for a living agent to settle what ended.
            self.exitAt = now.advanced(by: .seconds(2))
        }
        self.settleRetirement()
        return self.takeActions()
    }

    mutating func froze(_ name: RunName, at now: Moment) -> [Action] {
        guard self.runs[name]?.phase == .freezing else { return self.takeActions() }
        self.runs[name]?.phase = .frozen
        if let limit = self.runs[name]?.order.freezeLimit {
            self.runs[name]?.killAt = now.advanced(by: limit)
        }
        self.considerFenced()
        return self.takeActions()
    }

    private mutating func end(_ name: RunName, _ report: GuardReport) {
        self.runs[name] = nil
        self.actions.append(.report(report))
        for burned in self.burning.sorted() where burned.key == name.key {
            self.confirmBurn(burned)
        }
        self.considerFenced()
    }

    // MARK: Requests

    private mutating func adopt(_ session: GuardSession, at now: Moment) {
        if let present = self.session {
            if present.epoch == session.epoch, present.nonce == session.nonce {
                self.actions.append(.report(.adopted(epoch: session.epoch)))
            }
            return
        }
        // S11: what is retired is never vouched for again.
        guard session.epoch > self.retiredThrough, self.runs.isEmpty, self.exitAt == nil else {
            return
        }
        self.session = session
        self.deadlines = nil
        self.isFenced = true
        self.hasReportedFence = true
        self.actions.append(.report(.adopted(epoch: session.epoch)))
    }

    private mutating func renew(
        _ epoch: Epoch, _ sequence: UInt64, _ wanted: GuardDeadlines, at now: Moment
    ) {
        guard let session = self.session, session.epoch == epoch, self.retiring == nil else {
            return
        }
        // G2: never beyond now + F.
        let latest = now.advanced(by: session.fencingBudget)
        let hard = latest.boot < wanted.hard.boot ? latest : wanted.hard
        let soft = hard.boot < wanted.soft.boot ? hard : wanted.soft
        self.deadlines = GuardDeadlines(soft: soft, hard: hard)
        if now.hasReached(hard) {
            self.fence()
        } else {
            self.arm(hard, session)
            if self.isFenced { self.thaw() }
        }
        self.actions.append(
            .report(.renewed(epoch: epoch, sequence: sequence, isFenced: self.isFenced)))
    }

    private mutating func arm(_ hard: Moment, _ session: GuardSession) {
        self.actions.append(.armKernelTimer(hard.advanced(by: session.wakeUpDelay / 2)))
    }

    /// G3 °: after the kernel timer was armed and the clock read; only what is not being killed.
    private mutating func thaw() {
        self.isFenced = false
        self.hasReportedFence = false
        for name in self.runs.keys.sorted() {
            switch self.runs[name]?.phase {
            case .freezing, .frozen:
                self.runs[name]?.phase = .executing
                if self.runs[name]?.isSignalled == false { self.runs[name]?.killAt = nil }
                self.actions.append(.thaw(name))
            case .cloned, .executing, .killed, nil: break
            }
        }
    }

    private mutating func launch(_ order: LaunchOrder, at now: Moment) {
        let name = order.name
        let newest = self.burnedOrLaunched[name.key] ?? 0
        self.burnedOrLaunched[name.key] = max(newest, name.token)
        // G5, C8.
        guard name.token > newest else {
            if self.runs[name] == nil {
                self.actions.append(.report(.refused(name, .staleToken)))
            }
            return
        }
        if let refusal = self.refusal(of: order.epoch, at: now) {
            self.actions.append(.report(.refused(name, refusal)))
            return
        }
        self.runs[name] = Run(order: order, phase: .cloned, began: now)
        self.actions.append(.clone(name))
    }

    private func refusal(of epoch: Epoch, at now: Moment) -> RefusalReason? {
        if self.exitAt != nil { return .ending }
        guard self.session?.epoch == epoch, self.retiring == nil else { return .wrongEpoch }
        guard !self.isFenced, let soft = self.deadlines?.soft, !now.hasReached(soft) else {
            return .fenced
        }
        return nil
    }

    private mutating func stop(
        _ name: RunName, immediately: Bool, cause: RunEnd.Cause, at now: Moment
    ) {
        guard var run = self.runs[name], run.phase != .killed else { return }
        if run.cause == .itself { run.cause = cause }
        if run.phase == .cloned {
            self.runs[name] = run
            return
        }
        if !run.isSignalled, !immediately {
            run.isSignalled = true
            run.killAt = now.advanced(by: run.order.stopGrace)
            self.actions.append(.signal(name))
        }
        self.runs[name] = run
        if immediately { self.kill(name, cause: cause) }
    }

    private mutating func kill(_ name: RunName, cause: RunEnd.Cause) {
        guard var run = self.runs[name], run.phase != .killed else { return }
        if run.cause == .itself { run.cause = cause }
        if run.phase != .cloned {
            run.phase = .killed
            self.actions.append(.kill(name))
        }
        self.runs[name] = run
    }

    private mutating func burn(_ name: RunName) {
        self.burnedOrLaunched[name.key] = max(
            self.burnedOrLaunched[name.key] ?? 0, name.token)
        for run in self.runs.keys.sorted() where run.key == name.key && run.token <= name.token {
            self.kill(run, cause: .stopped)
        }
        self.burning.insert(name)
        self.confirmBurn(name)
    }

    private mutating func confirmBurn(_ name: RunName) {
        guard !self.runs.keys.contains(where: { $0.key == name.key && $0.token <= name.token })
        else { return }
        self.burning.remove(name)
        self.actions.append(.report(.burned(name)))
    }

    private mutating func retire(_ epoch: Epoch) {
        if let session = self.session, session.epoch > epoch { return }
        self.retiring = max(self.retiring ?? 0, epoch)
        for name in self.runs.keys.sorted() { self.kill(name, cause: .fenced) }
    }

    private mutating func settleRetirement() {
        guard let epoch = self.retiring, self.runs.isEmpty else { return }
        self.retiring = nil
        self.retiredThrough = max(self.retiredThrough, epoch)
        self.session = nil
        self.deadlines = nil
        self.isFenced = true
        self.actions.append(.armKernelTimer(nil))
        self.actions.append(.report(.retired(epoch: epoch)))
        if self.exitAt != nil { self.actions.append(.exit) }
    }

    // MARK: Deadlines

    private mutating func meetDeadlines(at now: Moment) {
        for name in self.runs.keys.sorted() {
            if let due = self.runs[name]?.killAt, now.hasReached(due) {
                self.runs[name]?.killAt = nil
                self.kill(name, cause: .fenced)
            }
        }
        if let deadlines = self.deadlines, !self.isFenced {
            if now.hasReached(deadlines.soft) { self.warn(at: now) }
            if now.hasReached(deadlines.hard) { self.fence() }
        }
        if let exitAt = self.exitAt, now.hasReached(exitAt), self.retiring == nil {
            self.retire(self.session?.epoch ?? self.retiredThrough)
        }
    }

    private mutating func warn(at now: Moment) {
        for name in self.runs.keys.sorted() where self.runs[name]?.order.onDeadline == .stop {
            self.stop(name, immediately: false, cause: .fenced, at: now)
        }
    }

    /// G3, at the hard deadline.
    private mutating func fence() {
        self.isFenced = true
        for name in self.runs.keys.sorted() {
            guard let run = self.runs[name] else { continue }
            switch (run.order.onDeadline, run.phase) {
            case (.freeze, .executing):
                self.runs[name]?.phase = .freezing
                self.actions.append(.freeze(name))
            case (.stop, .executing), (.kill, .executing), (_, .cloned):
                self.kill(name, cause: .fenced)
            case (_, .freezing), (_, .frozen), (_, .killed): break
            }
        }
        self.considerFenced()
    }

    private mutating func considerFenced() {
        guard self.isFenced, !self.hasReportedFence, let epoch = self.session?.epoch,
            self.runs.values.allSatisfy({ $0.phase == .frozen })
        else { return }
        self.hasReportedFence = true
        // G4: disarmed only once everything is frozen or gone.
        self.actions.append(.armKernelTimer(nil))
        self.actions.append(.report(.fenced(epoch: epoch)))
    }

    /// When to wake: the earliest deadline on the guard's boot clock.
    var nextDue: Int64? {
        var due: [Int64] = self.runs.values.compactMap { $0.killAt?.boot }
        if let deadlines = self.deadlines, !self.isFenced {
            due.append(deadlines.hard.boot)
            let isToBeWarned = self.runs.values.contains {
                $0.order.onDeadline == .stop && !$0.isSignalled && $0.phase == .executing
            }
            if isToBeWarned { due.append(deadlines.soft.boot) }
        }
        if let exitAt = self.exitAt, self.retiring == nil { due.append(exitAt.boot) }
        return due.min()
    }

    private mutating func takeActions() -> [Action] {
        defer { self.actions = [] }
        return self.actions
    }
}
