import HoldfastCore
import HoldfastGuardCore

/// A process as the world plays it: alive from exec until its whole cgroup is empty.
struct SimulatedChild: Sendable {
    let name: RunName
    let slot: Int
    /// The guard whose child it is.
    let guardLife: UInt64
    let epoch: Epoch
    let ignoresStop: Bool
    let exitCode: UInt8
    /// Whether something of its tree outlives the main process, until it is signalled (G6).
    let lingers: Bool
    var hasMainEnded = false
    /// What is left of its life while it does not execute; `nil`: it never ends by itself.
    var lifeLeft: Duration?
    var endsAt: VirtualTime?
    var status: RunEnd.Status
    var isFrozen = false
    var isStopping = false
    /// Rises whenever what was planned for it no longer holds.
    var stamp: UInt64 = 0
    /// The kill that cannot be called back.
    var isDoomed = false
}
