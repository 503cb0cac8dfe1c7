import HoldfastCore
import HoldfastGuardCore
import HoldfastLinux

/// The guard's only thread: waits, tells the machine what happened, does what it says.
///
/// Whatever woke it, each step ends with `enforce`: no amount of traffic delays a deadline by more
/// than one step. A step is one packet, one exit or one launch.
final class GuardLoop {
    /// What a poller's event is about: the kind, and for children a generation and a slot.
    enum Source: UInt64 {
        case timer = 1
        case signals = 2
        case listener = 3
        case agent = 4
        case process = 5
        case group = 6

        static func data(_ source: Source, generation: UInt32 = 0, slot: Int = 0) -> UInt64 {
            source.rawValue << 56 | UInt64(generation & 0xFF_FFFF) << 32 | UInt64(slot)
        }
    }

    /// Packets read from an agent before others get their turn.
    private static let packetsPerTurn = 16
    /// How often trees are looked at on hosts that tell nothing.
    private static let pollingPeriod = Duration.milliseconds(5)

    let tree: any ChildTree
    let launcher: ChildLauncher
    let poller: Poller
    let setup: GuardSetup
    let listener: PacketListener
    var kernelTimer: KernelTimer
    var machine: GuardMachine
    /// By the machine's slots.
    var children: [Child?] = []
    /// Reading ends of live runs and of kept exits, open so that children survive every agent.
    var pipes: [RunName: OwnedDescriptor] = [:]
    var launchCount: UInt32 = 0
    /// Children of which something is awaited that must be polled for.
    var isPolling = false
    var hasEnded = false
    /// SIGHUP came, and nothing was done about it yet.
    var isReplacementWanted = false
    var badFrameCount: UInt64 = 0
    private(set) var vmClock: VMClock?

    private let timer: BootTimer
    private let signals: SignalInbox
    private var link: AgentLink?
    private var linkGeneration: UInt32 = 0

    /// - Parameters:
    ///   - machine: What decides.
    ///   - tree: Holds children.
    ///   - launcher: Starts them.
    ///   - listener: Takes agents.
    ///   - signals: Blocked for this process, so that they are read here.
    ///   - setup: For later images of the program.
    ///   - kernelTimer: One that is armed already; `nil` makes one.
    ///   - vmMarker: What the virtual machine's clock said to an earlier image of the program.
    /// - Throws: What the kernel refused.
    init(
        _ machine: GuardMachine, tree: any ChildTree, launcher: ChildLauncher,
        listener: PacketListener, signals: SignalInbox, setup: GuardSetup,
        kernelTimer: KernelTimer? = nil, vmMarker: UInt64? = nil
    ) throws(SystemCallFailure) {
        self.machine = machine
        self.tree = tree
        self.launcher = launcher
        self.listener = listener
        self.signals = signals
        self.setup = setup
        self.poller = try Poller()
        self.timer = try BootTimer()
        if let kernelTimer {
            self.kernelTimer = kernelTimer
        } else {
            self.kernelTimer = try KernelTimer()
        }
        self.vmClock = VMClock(since: vmMarker)
        try self.poller.add(self.timer.number, Source.data(.timer))
        try self.poller.add(self.signals.number, Source.data(.signals))
        try self.poller.add(self.listener.number, Source.data(.listener))
    }

    /// Serves until the machine says that it is over.
    func run() {
        while !self.hasEnded {
            if self.isReplacementDue { self.replaceProgram() }
            self.setTimer()
            self.poller.wait { event in self.take(event) }
            self.tree.beginRound()
            self.checkClock()
            self.enforce()
            if self.isPolling { self.pollTrees() }
        }
        self.flushLink()
        self.tree.tearDown()
    }

    /// S8: asked before anything is taken in that could launch, thaw or renew.
    private func checkClock() {
        guard self.vmClock?.wasDisrupted() == true else { return }
        Notice.write("the virtual machine was paused or copied; fencing")
        self.perform(self.machine.receive(.clockDisrupted, at: Clocks.read()))
    }

    private func setTimer() {
        var wait = self.machine.nextWakeUp(after: Clocks.read())
        if self.isPolling { wait = min(wait ?? Self.pollingPeriod, Self.pollingPeriod) }
        self.timer.set(wait)
    }

    private func take(_ event: Poller.Event) {
        guard let source = Source(rawValue: event.data >> 56) else { return }
        let slot = Int(event.data & 0xFFFF_FFFF)
        let generation = UInt32(truncatingIfNeeded: event.data >> 32 & 0xFF_FFFF)
        switch source {
        case .timer: self.timer.drain()
        case .signals: self.takeSignals()
        case .listener: self.takeConnections()
        case .agent:
            if generation == self.linkGeneration & 0xFF_FFFF { self.serveAgent(event) }
        case .process: self.reap(slot, generation)
        case .group: self.noteGroup(slot, generation)
        }
        self.enforce()
    }

    /// Carries out what is due.
    ///
    /// The acts themselves allocate nothing (G1, G3).
    func enforce() {
        let now = Clocks.read()
        let hasActed = self.machine.enforce(at: now) { act, slot in
            guard slot < self.children.count, let child = self.children[slot] else { return }
            switch act {
            case .signal: self.signal(child)
            case .freeze:
                self.children[slot]?.awaitsFrozen = true
                self.tree.setFrozen(child, true)
            case .kill:
                self.children[slot]?.isKilled = true
                self.tree.kill(child)
            }
        }
        guard hasActed else { return }
        self.readBack()
        self.perform(self.machine.receive(.enforced, at: Clocks.read()))
    }

    private func takeSignals() {
        while let signal = self.signals.next() {
            switch signal {
            case .terminate:
                Notice.write("ending: stopping children", ["count": "\(self.machine.liveCount)"])
                self.perform(self.machine.receive(.terminated, at: Clocks.read()))
            case .replace: self.isReplacementWanted = true
            case .childEnded: self.reapOrphans()
            }
        }
    }

    // MARK: - The agent

    private func takeConnections() {
        for _ in 0..<Self.packetsPerTurn {
            guard let (socket, userID) = self.listener.take() else { return }
            guard userID == ThisProcess.userID || userID == 0 else {
                Notice.write("refused a connection of another user", ["uid": "\(userID)"])
                continue
            }
            self.replaceLink(by: AgentLink(socket))
        }
    }

    /// S11: the newest agent is the one obeyed.
    private func replaceLink(by link: AgentLink) {
        self.dropLink()
        self.linkGeneration += 1
        let data = Source.data(.agent, generation: self.linkGeneration)
        guard (try? self.poller.add(link.socket.number, data)) != nil else { return }
        self.link = link
        self.perform(self.machine.receive(.agentConnected, at: Clocks.read()))
        Notice.write("an agent connected", ["number": "\(self.machine.agentNumber)"])
    }

    private func dropLink() {
        guard let link = self.link else { return }
        self.link = nil
        self.poller.remove(link.socket.number)
        link.socket.shutDown()
    }

    private func serveAgent(_ event: Poller.Event) {
        guard let link = self.link else { return }
        if event.isWritable {
            guard link.flush() else { return self.dropLink() }
            self.watch(link)
        }
        guard event.isReadable else { return }
        for _ in 0..<Self.packetsPerTurn {
            guard self.link === link else { return }
            switch link.next() {
            case .nothing: return
            case .request(let request):
                self.checkClock()
                self.perform(self.machine.receive(.request(request), at: Clocks.read()))
                self.enforce()
            case .ended(let why):
                if let why {
                    self.badFrameCount += 1
                    Notice.write(
                        "a connection sent what is no request; closed",
                        ["why": why, "count": "\(self.badFrameCount)"])
                }
                return self.dropLink()
            }
        }
    }

    func report(_ report: GuardReport, attached: OwnedDescriptor?) {
        guard let link = self.link else { return }
        guard link.send(report, attached: attached) else {
            Notice.write("an agent reads nothing; its connection is closed")
            return self.dropLink()
        }
        if link.hasWaiting { self.watch(link) }
    }

    func disconnectAgent() {
        Notice.write("an agent asked for a session that cannot be; its connection is closed")
        self.dropLink()
    }

    private func watch(_ link: AgentLink) {
        let data = Source.data(.agent, generation: self.linkGeneration)
        self.poller.setWriting(link.socket.number, data, link.hasWaiting)
    }

    /// The last reports, for an agent that reads them soon.
    private func flushLink() {
        let start = Clocks.read()
        while let link = self.link, link.hasWaiting, link.flush(),
            Clocks.read().holderElapsed(since: start) < .milliseconds(500)
        {
            ThisProcess.pause(milliseconds: 1)
        }
    }
}
