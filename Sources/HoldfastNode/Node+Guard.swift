import HoldfastCore
import HoldfastGuardCore
import HoldfastJobs
import HoldfastSessions

/// What the guard reports.
extension Node {
    mutating func receive(_ report: GuardReport) {
        switch report {
        case .hello(let hello): self.greet(hello)
        case .adopted(let epoch):
            guard case .adopting(epoch, let nonce) = self.holding else { return }
            self.beginServing(epoch, nonce)
        case .renewed(let epoch, let sequence, let isFenced):
            self.didRenew(epoch, sequence, isFenced: isFenced)
        case .launched(let name, let processID): self.didLaunch(name, processID)
        case .refused(let name, let reason):
            self.didEnd(name, Self.vacancy(of: reason, at: self.now.wall))
        case .launchFailed(let name, let step, let errorNumber):
            self.didEnd(
                name,
                KeyChange.Vacancy(
                    how: .launchFailed(step: step.rawValue, errorNumber: errorNumber),
                    cause: .itself, at: self.now.wall, ran: .zero))
        case .exited(let name, let end):
            self.didEnd(name, Self.vacancy(of: end, at: self.now.wall))
        case .burned(let name): self.didBurn(name)
        case .retired(let epoch): self.didRetire(epoch)
        case .fenced(let epoch): self.didFence(epoch)
        case .ending:
            self.guardLink?.isEnding = true
            if case .examining = self.holding { self.finishWithoutSession() }
        }
    }

    private mutating func greet(_ hello: GuardHello) {
        self.guardLink = GuardLink(
            hello: hello, isEnding: hello.isEnding, isFenced: hello.isFenced)
        self.runs = [:]
        self.burning = [:]
        self.claims = [:]
        self.beginHolding()
    }

    /// The guard's connection, or the guard itself, is gone.
    mutating func loseGuard(isDead: Bool) {
        guard self.guardLink != nil else {
            if isDead { self.orphan?.isGuardDead = true }
            return
        }
        self.guardLink = nil
        self.timers.cancel(.beat)
        self.runs = [:]
        self.burning = [:]
        self.claims = [:]
        switch self.holding {
        case .serving(let lease):
            self.orphan = OrphanedSession(
                epoch: lease.epoch, nonce: lease.nonce, isGuardDead: isDead)
        case .opening(let epoch, let nonce), .adopting(let epoch, let nonce),
            .retiring(let epoch, let nonce, _):
            self.orphan = OrphanedSession(epoch: epoch, nonce: nonce, isGuardDead: isDead)
        case .idle, .examining, .ended: break
        case .releasing: return
        }
        self.holding = .idle
    }

    private mutating func didRenew(_ epoch: Epoch, _ sequence: UInt64, isFenced: Bool) {
        guard case .serving(let lease) = self.holding, lease.epoch == epoch,
            var link = self.guardLink
        else { return }
        link.answered = max(link.answered, sequence)
        link.waitingSince = link.answered >= link.renewals ? nil : self.now.moment
        let wasFenced = link.isFenced
        link.isFenced = isFenced
        self.guardLink = link
        if wasFenced, !isFenced {
            self.observe(
                .resumed, host: self.settings.host,
                "the lease is good again; \(self.runs.count) running here")
            self.revisitAll()
        }
    }

    private mutating func didFence(_ epoch: Epoch) {
        guard case .serving(let lease) = self.holding, lease.epoch == epoch,
            self.guardLink?.isFenced == false
        else { return }
        self.guardLink?.isFenced = true
        self.observe(
            .paused, host: self.settings.host,
            "no quorum until the deadline; \(self.runs.count) paused here; resumes by itself")
    }

    private mutating func didLaunch(_ name: RunName, _ processID: Int32) {
        guard let key = try? Key(name.key), var run = self.runs[key], run.token == name.token,
            run.phase == .launching
        else { return }
        run.phase = .running(processID: processID)
        // A stop that overtook the launch, which needs preparing, stopped nothing.
        run.isStopping = false
        self.runs[key] = run
        // The record may already want something else.
        self.evaluate(key)
    }

    /// Nothing of this run executes any more, and its token is burned (C8).
    private mutating func didEnd(_ name: RunName, _ vacancy: KeyChange.Vacancy) {
        guard let key = try? Key(name.key) else { return }
        if let run = self.runs[key], run.token != name.token {
            // A higher token was granted only once the vacancy of the lower one was chosen: that
            // one was not settled, because the agent ended in between.
            let older = min(run.token, name.token)
            self.effects.append(.askGuard(.settle(RunName(key: name.key, token: older))))
            guard older == run.token else { return }
            self.runs[key] = nil
        }
        var run = self.runs[key] ?? Run(token: name.token, nonce: nil, phase: .launching)
        if case .ended = run.phase { return }
        run.phase = .ended(vacancy)
        self.runs[key] = run
        self.vacate(key)
    }

    /// Runs that an earlier agent of this guard launched (G7).
    mutating func adoptRuns(_ live: [LiveRun]) {
        for run in live.sorted(by: { $0.name < $1.name }) {
            guard let key = try? Key(run.name.key), self.runs[key] == nil else { continue }
            self.runs[key] = Run(
                token: run.name.token, nonce: nil, phase: .running(processID: run.processID))
            self.read(.key(key), for: .learn, within: .seconds(2))
        }
    }

    private static func vacancy(of end: RunEnd, at now: WallTime) -> KeyChange.Vacancy {
        let how: Ending.How =
            switch end.status {
            case .exited(let code): .exited(code: code)
            case .signalled(let signal, let dumpedCore): .signalled(signal, dumpedCore: dumpedCore)
            }
        let cause: Ending.Cause =
            switch end.cause {
            case .itself: .itself
            case .stopped: .stopped
            case .fenced: .fenced
            case .outOfMemory: .outOfMemory
            case .guardEnding: .hostEnding
            }
        return KeyChange.Vacancy(how: how, cause: cause, at: now, ran: end.ran)
    }

    private static func vacancy(
        of reason: RefusalReason, at now: WallTime
    ) -> KeyChange.Vacancy {
        let (how, cause): (Ending.How, Ending.Cause) =
            switch reason {
            case .wrongEpoch, .fenced, .staleToken, .keyInUse: (.neverStarted, .fenced)
            case .ending: (.neverStarted, .hostEnding)
            case .userNotAllowed:
                (.refused("this host may not launch as that user"), .itself)
            case .tooManyRuns: (.refused("this host runs as many as it can"), .itself)
            }
        return KeyChange.Vacancy(how: how, cause: cause, at: now, ran: .zero)
    }
}
