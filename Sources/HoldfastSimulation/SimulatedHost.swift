import HoldfastCore
import HoldfastGuardCore
import HoldfastNode
import HoldfastPaxos

/// One machine: an agent, a guard, a disk, its children and its clocks.
struct SimulatedHost: Sendable {
    let index: Int
    let name: HostName
    let clock: SimulatedClock
    var disk: SimulatedDisk

    /// `nil`: the agent's process is not running.
    var node: Node?
    /// Counts processes of the agent.
    var agentLife: UInt64 = 0
    var hungUntil: VirtualTime?
    /// What arrived while it hung.
    var inbox: [NodeEvent] = []
    var wakeStamp: UInt64 = 0
    var wakesAt: VirtualTime?
    var isStallReported = false

    /// `nil`: the guard's process is not running.
    var guardProcess: GuardMachine?
    var guardLife: UInt64 = 0
    var guardStoppedUntil: VirtualTime?
    var guardInbox: [GuardInput] = []
    var guardStamp: UInt64 = 0
    var guardWakesAt: VirtualTime?
    var timerStamp: UInt64 = 0

    /// Counts connections of agents to the guard.
    var connectionCount: UInt64 = 0
    /// The agent's own connection; `nil`: none.
    var connection: UInt64?
    /// The connection that the guard obeys.
    var guardConnection: UInt64?
    /// Sockets keep the order of what is sent.
    var lastRequestArrival = VirtualTime.zero
    var lastReportArrival = VirtualTime.zero

    var children: [RunName: SimulatedChild] = [:]
    /// Where the guard keeps each of them.
    var slots: [Int: RunName] = [:]
    /// The newest record of each session that its acceptor has taken in, durable or not.
    var sessionsTakenIn: [RegisterID: Accepted] = [:]

    var isHung: Bool { self.hungUntil != nil }
    var isGuardStopped: Bool { self.guardStoppedUntil != nil }
}

/// What waits for a guard that was stopped.
enum GuardInput: Sendable {
    case connect(agentLife: UInt64)
    case request(GuardRequest, connection: UInt64)
    case happened(GuardEvent)
}
