package import HoldfastCore
package import HoldfastGuardCore
import HoldfastJobs
package import HoldfastLinux
package import HoldfastNode
import HoldfastPaxos
package import HoldfastStorage
package import HoldfastTransport
import HoldfastWire
package import Logging
package import NIOCore

/// Carries out what a `Node` decides: writes, messages, questions to the guard.
///
/// Confined to one event loop, on which the node, the peers and the API all live: an effect is
/// begun before the next event is looked at, and no reply can overtake the write that it waits
/// for, because the node itself keeps it until it hears that the write is durable (P4).
package final class HostDriver {
    package let loop: any EventLoop
    private let logger: Logger
    package private(set) var node: Node
    private let committer: GroupCommitter
    private let network: PeerNetwork?
    private var guardLink: GuardLink?
    private let launches: LaunchPreparation

    package let events: EventLog
    package let logs: LogKeeper
    /// What another host's API said to ours.
    package var onRelay: (([UInt8], HostName) -> Void)?
    /// The rule that was broken; the process ends.
    package var onHalt: ((any OperatorFacing) -> Void)?

    private var responders: [RequestID: (NodeResponse) -> Void] = [:]
    private var lastRequest: RequestID = 0
    private var wakeUp: Scheduled<Void>?
    private var wakeUpDue: Int64 = .max
    /// When the oldest write was submitted that is not known to be durable.
    private var writingSince: Moment?
    private var newestTicket: UInt64 = 0
    private var isDiskStalled = false
    private var isDiskWatched = false
    private let stallLimit: Duration
    private var isStopped = false
    private var isStepping = false
    /// What came while the effects of an earlier event were being carried out.
    private var pending: [NodeEvent] = []
    private var malformedFrames: UInt64 = 0

    package init(
        node: Node, committer: GroupCommitter, network: PeerNetwork?,
        launches: LaunchPreparation, events: EventLog, logs: LogKeeper, stallLimit: Duration,
        logger: Logger, loop: any EventLoop
    ) {
        self.node = node
        self.committer = committer
        self.network = network
        self.launches = launches
        self.events = events
        self.logs = logs
        self.stallLimit = stallLimit
        self.logger = logger
        self.loop = loop
    }

    /// Begins; `guardLink` reports to `step` from now on.
    package func start(guardLink: GuardLink) {
        self.guardLink = guardLink
        self.step(.started)
    }

    /// Nothing is carried out any more.
    package func stop() {
        self.isStopped = true
        self.wakeUp?.cancel()
        self.guardLink?.stop()
    }

    package static func now() -> Now {
        Now(moment: Clocks.read(), wall: WallClock.read())
    }

    /// Feeds one event to the node and carries out what it returns, in order.
    ///
    /// Called while that is being done, as by an answer that asks on, it comes after: the writes
    /// of a later event must not overtake those of an earlier one.
    package func step(_ event: NodeEvent) {
        self.loop.preconditionInEventLoop()
        self.pending.append(event)
        guard !self.isStepping else { return }
        self.isStepping = true
        defer { self.isStepping = false }
        var next = 0
        while next < self.pending.count, !self.isStopped {
            let now = Self.now()
            let effects = self.node.receive(self.pending[next], at: now)
            for effect in effects { self.perform(effect, now) }
            next += 1
        }
        self.pending = []
        guard !self.isStopped else { return }
        self.scheduleWakeUp()
    }

    /// Asks the node; `answer` is called once, on the loop.
    package func ask(_ request: NodeRequest, _ answer: @escaping (NodeResponse) -> Void) {
        self.lastRequest += 1
        self.responders[self.lastRequest] = answer
        self.step(.requested(self.lastRequest, request))
    }

    private func perform(_ effect: NodeEffect, _ now: Now) {
        switch effect {
        case .write(let writes, let number): self.write(writes, number, now)
        case .send(let envelope, let host):
            self.network?.send(EnvelopeCoding.encode(envelope), to: host)
        case .askGuard(let request): self.guardLink?.send(request)
        case .launch(let name, let epoch, let spec): self.launch(name, epoch, spec)
        case .respond(let id, let response):
            self.responders.removeValue(forKey: id)?(response)
        case .observed(let event): self.observe(event, now)
        case .relayed(let bytes, let host): self.onRelay?(bytes, host)
        case .released:
            self.logger.notice("everything of this host is given back")
        case .halt(let failure): self.onHalt?(failure)
        }
    }

    private func observe(_ event: ClusterEvent, _ now: Now) {
        self.events.append(event, at: now.wall)
        var metadata: Logger.Metadata = ["kind": "\(event.kind.rawValue)"]
        if let key = event.key { metadata["key"] = "\(key)" }
        if let host = event.host { metadata["host"] = "\(host)" }
        if let token = event.token { metadata["token"] = "\(token)" }
        metadata["text"] = "\(event.text)"
        switch event.kind {
        case .warning, .paused, .quorumLost, .hostGone, .gaveUp, .lost:
            self.logger.warning("observed", metadata: metadata)
        default: self.logger.info("observed", metadata: metadata)
        }
    }

    // MARK: Disk

    private func write(_ writes: [DurableWrite], _ number: UInt64, _ now: Now) {
        self.newestTicket = number
        if self.writingSince == nil {
            self.writingSince = now.moment
            if !self.isDiskWatched { self.watchDisk(for: self.stallLimit) }
        }
        self.committer.submit(writes, ticket: number)
    }

    /// The committer reports; called on the loop.
    package func didCommit(through number: UInt64) {
        self.writingSince = number >= self.newestTicket ? nil : Clocks.read()
        // It answers, though under load there may never be a moment without a write under way.
        if self.isDiskStalled {
            self.isDiskStalled = false
            self.step(.diskStalled(false))
        }
        self.step(.wrote(through: number))
    }

    /// S11: heartbeats stop while a commit takes longer than the limit.
    ///
    /// One look at a time, however many writes begin: under load most looks find a write under
    /// way and are repeated, so that looks of their own for all of them would only grow in number.
    private func watchDisk(for span: Duration) {
        self.isDiskWatched = true
        let bound = NIOLoopBound(self, eventLoop: self.loop)
        self.loop.scheduleTask(in: .nanoseconds(span.wholeNanoseconds)) {
            let driver = bound.value
            driver.isDiskWatched = false
            guard let since = driver.writingSince else { return }
            let waited = Clocks.read().holderElapsed(since: since)
            if waited >= driver.stallLimit, !driver.isDiskStalled {
                driver.isDiskStalled = true
                driver.logger.warning(
                    "the disk does not answer; heartbeats stop until it does",
                    metadata: ["waited_seconds": "\(waited.inSeconds)"])
                driver.step(.diskStalled(true))
            }
            let limit = driver.stallLimit
            driver.watchDisk(for: waited < limit ? limit - waited : limit)
        }
    }

    // MARK: Peers

    /// A frame of another host; called on the loop.
    package func receive(_ frame: [UInt8], from host: HostName) {
        do throws(MalformedBytes) {
            self.step(.received(try EnvelopeCoding.decode(frame), from: host))
        } catch {
            self.malformedFrames += 1
            self.logger.warning(
                "a frame that cannot be read was dropped",
                metadata: [
                    "host": "\(host)", "why": "\(error)", "count": "\(self.malformedFrames)",
                ])
        }
    }

    // MARK: Guard

    /// A report of the guard, in order; called on the loop.
    package func guardReported(_ report: GuardReport, logPipe: OwnedDescriptor?) {
        self.keepLog(of: report, logPipe)
        self.step(.guardReported(report))
    }

    private func keepLog(of report: GuardReport, _ pipe: OwnedDescriptor?) {
        guard let pipe else { return }
        switch report {
        case .launched(let name, _), .exited(let name, _):
            guard let key = try? Key(name.key) else { return }
            let policy = self.node.knowledge.keys[key]?.record.job?.spec.logs ?? LogPolicy()
            self.logs.keep(name, policy: policy, pipe: pipe)
        default: break
        }
    }

    private func launch(_ name: RunName, _ epoch: Epoch, _ spec: JobSpec) {
        self.launches.prepare(name, epoch: epoch, spec) { [weak self] result in
            guard let self else { return }
            switch result {
            case .success(let order): self.guardLink?.send(.launch(order))
            case .failure(let failure):
                // Not from within the step that asked for it.
                let bound = NIOLoopBound(self, eventLoop: self.loop)
                self.loop.execute {
                    bound.value.step(.launchImpossible(name, reason: failure.why))
                }
            }
        }
    }

    // MARK: Time

    private func scheduleWakeUp() {
        let now = Self.now()
        guard let delay = self.node.nextWakeUp(after: now) else { return }
        let due = now.moment.monotonic + delay.wholeNanoseconds
        // One timer, moved only when something is due earlier than it.
        if self.wakeUp != nil, self.wakeUpDue <= due { return }
        self.wakeUp?.cancel()
        self.wakeUpDue = due
        let bound = NIOLoopBound(self, eventLoop: self.loop)
        self.wakeUp = self.loop.scheduleTask(in: .nanoseconds(delay.wholeNanoseconds)) {
            bound.value.wakeUp = nil
            bound.value.step(.woke)
        }
    }
}
