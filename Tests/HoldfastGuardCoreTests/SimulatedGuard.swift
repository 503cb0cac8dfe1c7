import HoldfastCore
import HoldfastGuardCore

/// A guard whose children are simulated: launches succeed, freezing and killing take effect when
/// the test says so.
///
/// It counts the time itself.
struct SimulatedGuard {
    struct Child: Equatable {
        var name: RunName
        var isFrozen = false
        var isAskedToFreeze = false
        var isKilled = false
        var signals = 0
    }

    private(set) var machine: GuardMachine
    private(set) var children: [Int: Child] = [:]
    private(set) var kernelTimer: Moment?
    private(set) var isDisconnected = false
    private(set) var hasEnded = false
    /// Everything reported since `take`.
    private(set) var reports: [GuardReport] = []
    private(set) var forgotten: [RunName] = []
    /// How the next launch goes.
    var nextLaunch: GuardEvent?
    private(set) var now = Samples.moment(1_000_000)

    init(users: AllowedUsers = .any, runLimit: Int = 64) {
        self.machine = GuardMachine(
            .init(
                incarnation: 1, containment: .cgroup, allowedUsers: users, runLimit: runLimit))
    }

    /// A guard with a connected agent and a valid lease: soft in 3,600 ms, hard in 4,000 ms.
    static func leased(users: AllowedUsers = .any, runLimit: Int = 64) -> SimulatedGuard {
        var simulated = SimulatedGuard(users: users, runLimit: runLimit)
        simulated.receive(.agentConnected)
        simulated.request(.adopt(Samples.session))
        simulated.renew()
        _ = simulated.take()
        return simulated
    }

    mutating func receive(_ event: GuardEvent) {
        for effect in self.machine.receive(event, at: self.now) { self.perform(effect) }
        self.enforce()
    }

    mutating func request(_ request: GuardRequest) {
        self.receive(.request(request))
    }

    mutating func renew(
        epoch: Epoch = 7, soft: Int64 = 3600, hard: Int64 = 4000, sequence: UInt64 = 1
    ) {
        self.request(
            .renew(
                epoch: epoch, sequence: sequence,
                GuardDeadlines(
                    soft: self.now.advanced(by: .milliseconds(soft)),
                    hard: self.now.advanced(by: .milliseconds(hard)))))
    }

    mutating func launch(_ order: LaunchOrder = Samples.order()) {
        self.request(.launch(order))
    }

    /// Lets time pass in steps that the machine itself asks for.
    mutating func pass(_ span: Duration) {
        let end = self.now.advanced(by: span)
        while let wait = self.machine.nextWakeUp(after: self.now) {
            let next = self.now.advanced(by: wait)
            guard !next.hasReached(end) else { break }
            self.now = next
            let before = self.machine
            self.enforce()
            if self.machine == before { break }
        }
        self.now = end
        self.enforce()
    }

    /// Moves the clocks without giving the guard the processor.
    mutating func sleepThrough(_ span: Duration) {
        self.now = self.now.advanced(by: span)
    }

    mutating func take() -> [GuardReport] {
        defer { self.reports = [] }
        return self.reports
    }

    // MARK: - What the kernel does

    mutating func becomeFrozen(_ slot: Int) {
        self.children[slot]?.isFrozen = true
        self.receive(.frozen(slot: slot))
    }

    mutating func die(
        _ slot: Int, _ status: RunEnd.Status = .signalled(9, dumpedCore: false),
        outOfMemory: Bool = false
    ) {
        self.receive(
            .mainEnded(slot: slot, status, ranOutOfMemory: outOfMemory, isEmpty: true))
    }

    private mutating func enforce() {
        var acts: [(DeadlineAct, Int)] = []
        guard self.machine.enforce(at: self.now, { act, slot in acts.append((act, slot)) }) else {
            return
        }
        for (act, slot) in acts {
            switch act {
            case .signal: self.children[slot]?.signals += 1
            case .freeze: self.children[slot]?.isAskedToFreeze = true
            case .kill: self.children[slot]?.isKilled = true
            }
        }
        for effect in self.machine.receive(.enforced, at: self.now) { self.perform(effect) }
    }

    private mutating func perform(_ effect: GuardEffect) {
        switch effect {
        case .report(let report): self.reports.append(report)
        case .disconnectAgent: self.isDisconnected = true
        case .launch(let order, let slot, _):
            if self.nextLaunch == nil { self.children[slot] = Child(name: order.name) }
            let event = self.nextLaunch ?? .launched(slot: slot, processID: Int32(100 + slot))
            for effect in self.machine.receive(event, at: self.now) { self.perform(effect) }
        case .signal(let slot): self.children[slot]?.signals += 1
        case .kill(let slot): self.children[slot]?.isKilled = true
        case .thaw(let slot, let deadline):
            guard !self.now.hasReached(deadline) else { return }
            self.children[slot]?.isAskedToFreeze = false
            self.children[slot]?.isFrozen = false
        case .release(let slot): self.children[slot] = nil
        case .forget(let name): self.forgotten.append(name)
        case .armKernelTimer(let moment): self.kernelTimer = moment
        case .disarmKernelTimer: self.kernelTimer = nil
        case .end: self.hasEnded = true
        }
    }
}
