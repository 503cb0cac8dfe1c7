import HoldfastCore
import HoldfastGuardCore

/// A guard reduced to its promises: G2, G3 (everything is killed at the deadline), G5, G7, S10
/// and C8.
struct TestGuard {
    private(set) var session: GuardSession?
    private(set) var retiredThrough: Epoch = 0
    private(set) var live: [RunName: Int32] = [:]
    private(set) var kept: [RunName: RunEnd] = [:]
    private(set) var launched: [RunName] = []
    private var used: [String: Token] = [:]
    private var deadlines: GuardDeadlines?
    private var agents: UInt64 = 0
    private var lastProcess: Int32 = 100
    private var isEnding = false

    /// Keeps an exit that an earlier agent never settled.
    mutating func keep(_ name: RunName) {
        self.kept[name] = RunEnd(status: .exited(code: 0), cause: .itself, ran: .seconds(1))
    }

    mutating func hello() -> [GuardReport] {
        self.agents += 1
        let hello = GuardHello(
            agentNumber: self.agents, incarnation: 1, containment: .cgroup, session: self.session,
            isFenced: false, isEnding: self.isEnding, retiredThrough: self.retiredThrough,
            runs: self.live.sorted { $0.key < $1.key }.map {
                LiveRun(name: $0.key, processID: $0.value)
            })
        return [.hello(hello)] + self.kept.keys.sorted().map { .exited($0, self.kept[$0]!) }
    }

    mutating func receive(_ request: GuardRequest, at now: Moment) -> [GuardReport] {
        switch request {
        case .adopt(let session):
            guard self.session == nil, session.epoch > self.retiredThrough else { return [] }
            self.session = session
            return [.adopted(epoch: session.epoch)]
        case .renew(let epoch, let sequence, let deadlines):
            if epoch == self.session?.epoch { self.deadlines = deadlines }
            return [
                .renewed(
                    epoch: epoch, sequence: sequence, isFenced: now.hasReached(deadlines.hard))
            ]
        case .launch(let order): return [self.launch(order.name, epoch: order.epoch, at: now)]
        case .stop(let name, _):
            guard self.live[name] != nil else { return [] }
            return [self.end(name, .signalled(15, dumpedCore: false), .stopped)]
        case .burn(let name):
            self.used[name.key] = max(self.used[name.key] ?? 0, name.token)
            let ended =
                self.live[name] == nil
                ? [] : [self.end(name, .signalled(9, dumpedCore: false), .stopped)]
            return ended + [.burned(name)]
        case .settle(let name):
            self.kept[name] = nil
            return []
        case .retire(let epoch): return self.retire(epoch)
        }
    }

    private mutating func retire(_ epoch: Epoch) -> [GuardReport] {
        let ended = self.endAll(.fenced)
        self.retiredThrough = max(self.retiredThrough, epoch)
        self.session = nil
        self.deadlines = nil
        return ended + [.retired(epoch: epoch)]
    }

    private mutating func launch(_ name: RunName, epoch: Epoch, at now: Moment) -> GuardReport {
        guard self.session?.epoch == epoch, epoch > self.retiredThrough, !self.isEnding else {
            return .refused(name, .wrongEpoch)
        }
        guard let deadlines = self.deadlines, !now.hasReached(deadlines.soft) else {
            return .refused(name, .fenced)
        }
        guard name.token > self.used[name.key] ?? 0 else { return .refused(name, .staleToken) }
        self.used[name.key] = name.token
        self.lastProcess += 1
        self.live[name] = self.lastProcess
        self.launched.append(name)
        return .launched(name, processID: self.lastProcess)
    }

    /// The main process ended, and its tree with it.
    mutating func end(
        _ name: RunName, _ status: RunEnd.Status, _ cause: RunEnd.Cause
    ) -> GuardReport {
        let end = RunEnd(status: status, cause: cause, ran: .seconds(1))
        self.live[name] = nil
        self.kept[name] = end
        return .exited(name, end)
    }

    private mutating func endAll(_ cause: RunEnd.Cause) -> [GuardReport] {
        self.live.keys.sorted().map { self.end($0, .signalled(9, dumpedCore: false), cause) }
    }

    /// What the passing of time does (G3).
    mutating func check(at now: Moment) -> [GuardReport] {
        guard let deadlines = self.deadlines, let session, now.hasReached(deadlines.hard) else {
            return []
        }
        self.deadlines = nil
        return self.endAll(.fenced) + [.fenced(epoch: session.epoch)]
    }

    /// The guard is told to end: children are stopped, then the epoch is retired.
    mutating func terminate() -> [GuardReport] {
        self.isEnding = true
        let ended = self.endAll(.guardEnding)
        let retired = self.session.map { self.retire($0.epoch) } ?? []
        return [.ending] + ended + retired
    }
}
