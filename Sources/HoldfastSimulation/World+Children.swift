package import HoldfastCore
package import HoldfastGuardCore
import HoldfastNode

/// The children: they live for a while, obey or do not, freeze, thaw and die.
extension World {
    mutating func execute(_ host: Int, _ order: LaunchOrder, _ slot: Int) {
        let name = order.name
        self.figures.launches += 1
        let isShort = self.random.chance(self.plan.shortLives) && !self.isQuiet
        let life = self.random.upTo(self.plan.life)
        self.hosts[host].children[name] = SimulatedChild(
            name: name, slot: slot, guardLife: self.hosts[host].guardLife, epoch: order.epoch,
            ignoresStop: self.random.chance(self.plan.stubbornness),
            exitCode: self.random.chance(0.5) ? 0 : 1,
            lingers: self.random.chance(self.plan.stubbornness / 2),
            lifeLeft: isShort ? life : nil, status: .exited(code: 0))
        self.note(host, "child", "\(name) executes")
        self.checker.began(
            Checker.Execution(host: host, name: name, epoch: order.epoch), isLaunch: true)
        self.countFailover(host, name)
        self.planEnd(host, name)
    }

    private mutating func countFailover(_ host: Int, _ name: RunName) {
        guard let last = self.lastEnd.removeValue(forKey: name.key), last.host != host else {
            return
        }
        self.figures.failovers += 1
        self.figures.worstFailover = max(self.figures.worstFailover, self.now - last.time)
    }

    private mutating func planEnd(_ host: Int, _ name: RunName) {
        guard var child = self.hosts[host].children[name], let left = child.lifeLeft else {
            return
        }
        child.stamp += 1
        child.endsAt = self.now + left
        if !child.isStopping { child.status = .exited(code: child.exitCode) }
        self.hosts[host].children[name] = child
        self.queue.add(.childEnds(host, name, stamp: child.stamp), at: self.now + left)
    }

    /// What would end during the quiet phase ends at its beginning.
    mutating func shortenLife(_ host: Int, _ name: RunName) {
        guard let child = self.hosts[host].children[name], child.lifeLeft != nil else { return }
        self.hosts[host].children[name]?.lifeLeft = self.random.upTo(.seconds(1))
        if !child.isFrozen { self.planEnd(host, name) }
    }

    mutating func endChild(_ host: Int, _ name: RunName, _ stamp: UInt64) {
        guard let child = self.hosts[host].children[name], child.stamp == stamp,
            !child.isFrozen
        else { return }
        self.finishChild(host, name)
    }

    /// The child's own doing, or a user's: its main process ends now.
    package mutating func endChild(of key: Key, code: UInt8) {
        for host in self.hosts.indices {
            for name in self.hosts[host].children.keys.sorted() where name.key == key.text {
                self.hosts[host].children[name]?.status = .exited(code: code)
                self.finishChild(host, name)
            }
        }
    }

    /// The main process ends; what it leaves behind goes on executing until it is signalled.
    private mutating func finishChild(_ host: Int, _ name: RunName) {
        guard let child = self.hosts[host].children[name] else { return }
        let isEmpty = !child.lingers || child.isDoomed || child.isStopping || child.hasMainEnded
        self.note(
            host, "child",
            "\(name) ends: \(child.status)\(isEmpty ? "" : ", but leaves something behind")")
        self.hosts[host].children[name]?.hasMainEnded = true
        if isEmpty { self.removeChild(host, name) }
        guard child.guardLife == self.hosts[host].guardLife else { return }
        let event: GuardEvent =
            child.hasMainEnded
            ? .emptied(slot: child.slot)
            : .mainEnded(
                slot: child.slot, child.status, ranOutOfMemory: false, isEmpty: isEmpty)
        self.tellGuard(host, .happened(event))
    }

    mutating func removeChild(_ host: Int, _ name: RunName) {
        guard let child = self.hosts[host].children.removeValue(forKey: name) else { return }
        self.checker.ended(name, on: host)
        if !child.isFrozen { self.lastEnd[name.key] = (host, self.now) }
    }

    mutating func signal(_ host: Int, _ name: RunName) {
        guard var child = self.hosts[host].children[name] else { return }
        self.note(host, "child", "\(name) is signalled\(child.ignoresStop ? ", in vain" : "")")
        guard !child.ignoresStop else { return }
        child.isStopping = true
        child.status = .signalled(15, dumpedCore: false)
        child.lifeLeft = self.random.upTo(.milliseconds(200))
        self.hosts[host].children[name] = child
        if !child.isFrozen { self.planEnd(host, name) }
    }

    /// SIGKILL is on its way; until it has worked the child counts as alive.
    mutating func doom(_ host: Int, _ name: RunName) {
        guard let child = self.hosts[host].children[name] else { return }
        if !child.isDoomed { self.note(host, "child", "\(name) is being killed") }
        self.hosts[host].children[name]?.isDoomed = true
        self.hosts[host].children[name]?.status = .signalled(9, dumpedCore: false)
        let end = self.now + self.timeToTakeEffect()
        self.queue.add(.childDies(host, name), at: end)
    }

    /// A kill or a freeze works at once, as a rule, and always within K.
    private mutating func timeToTakeEffect() -> Duration {
        let isSlow = self.random.chance(self.isQuiet ? 0 : 0.1)
        return self.random.upTo(isSlow ? self.settings.lease.kill : .milliseconds(3))
    }

    mutating func buryChild(_ host: Int, _ name: RunName) {
        guard self.hosts[host].children[name]?.isDoomed == true else { return }
        self.finishChild(host, name)
    }

    mutating func beginFreezing(_ host: Int, _ name: RunName) {
        guard let child = self.hosts[host].children[name] else { return }
        let end = self.now + self.timeToTakeEffect()
        self.queue.add(.childFreezes(host, name, stamp: child.stamp), at: end)
    }

    mutating func freezeChild(_ host: Int, _ name: RunName, _ stamp: UInt64) {
        guard var child = self.hosts[host].children[name], child.stamp == stamp,
            !child.isFrozen
        else { return }
        self.figures.freezes += 1
        self.note(host, "child", "\(name) is frozen")
        child.isFrozen = true
        if let endsAt = child.endsAt { child.lifeLeft = endsAt - self.now }
        child.endsAt = nil
        child.stamp += 1
        self.hosts[host].children[name] = child
        self.checker.ended(name, on: host)
        self.lastEnd[name.key] = (host, self.now)
        self.tellGuard(host, .happened(.frozen(slot: child.slot)))
    }

    mutating func thaw(_ host: Int, _ name: RunName) {
        guard var child = self.hosts[host].children[name] else { return }
        child.stamp += 1
        let wasFrozen = child.isFrozen
        child.isFrozen = false
        if !wasFrozen, let endsAt = child.endsAt { child.lifeLeft = endsAt - self.now }
        self.hosts[host].children[name] = child
        if wasFrozen {
            self.note(host, "child", "\(name) goes on")
            self.lastEnd[name.key] = nil
            self.checker.began(
                Checker.Execution(host: host, name: name, epoch: child.epoch), isLaunch: false)
        }
        self.planEnd(host, name)
    }

    /// Where a key executes, in the order in which the processes began.
    package func hosts(executing key: Key) -> [Int] {
        self.checker.executing[key.text]?.map(\.host) ?? []
    }

    /// The run that executes, if exactly one does.
    package func run(executing key: Key) -> RunName? {
        let executing = self.checker.executing[key.text] ?? []
        return executing.count == 1 ? executing[0].name : nil
    }
}

extension GuardRequest {
    var summary: String {
        switch self {
        case .adopt(let session): "adopt \(session.epoch)"
        case .renew(let epoch, let sequence, _): "renew \(epoch) \(sequence)"
        case .launch(let order): "launch \(order.name) of \(order.epoch)"
        case .stop(let name, let immediately): "stop \(name)\(immediately ? " at once" : "")"
        case .burn(let name): "burn \(name)"
        case .settle(let name): "settle \(name)"
        case .retire(let epoch): "retire \(epoch)"
        }
    }
}

extension GuardReport {
    var summary: String {
        switch self {
        case .hello(let hello):
            "hello, agent \(hello.agentNumber), session \(hello.session?.epoch ?? 0), "
                + "\(hello.runs.count) runs, retired through \(hello.retiredThrough)"
        case .adopted(let epoch): "adopted \(epoch)"
        case .renewed(let epoch, let sequence, let isFenced):
            "renewed \(epoch) \(sequence)\(isFenced ? ", fenced" : "")"
        case .launched(let name, _): "launched \(name)"
        case .refused(let name, let reason): "refused \(name): \(reason)"
        case .launchFailed(let name, let step, _): "launch of \(name) failed: could not \(step)"
        case .exited(let name, let end): "exited \(name), \(end.cause)"
        case .burned(let name): "burned \(name)"
        case .retired(let epoch): "retired \(epoch)"
        case .fenced(let epoch): "fenced \(epoch)"
        case .ending: "ending"
        }
    }
}
