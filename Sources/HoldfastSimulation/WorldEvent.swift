import HoldfastCore
import HoldfastGuardCore
import HoldfastNode
import HoldfastWire

/// What happens next in a world; hosts are numbered from 0.
enum WorldEvent: Sendable {
    case delivered(Envelope, from: Int, to: Int)
    case agentStarts(Int)
    case agentWakes(Int, stamp: UInt64)
    case agentResumes(Int, life: UInt64)
    case agentHears(Int, life: UInt64, NodeEvent)
    case diskSynced(Int, life: UInt64)

    case connects(Int, agentLife: UInt64, guardLife: UInt64)
    case connectionEnds(Int, connection: UInt64, isDead: Bool)
    case requestArrives(Int, GuardRequest, connection: UInt64, guardLife: UInt64)
    case reportArrives(Int, GuardReport, connection: UInt64)

    case guardStarts(Int)
    case guardWakes(Int, stamp: UInt64)
    case guardContinues(Int, life: UInt64)
    case guardKilledByTimer(Int, life: UInt64, stamp: UInt64)

    case childEnds(Int, RunName, stamp: UInt64)
    case childFreezes(Int, RunName, stamp: UInt64)
    case childDies(Int, RunName)

    case tick
    case requested
}
