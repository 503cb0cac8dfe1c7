import HoldfastGuardCore
import HoldfastLinux

/// What the loop holds of one live run.
struct Child {
    let name: RunName
    /// Tells late events of an earlier user of the same slot from ours.
    let generation: UInt32
    let nest: Nest
    let processID: Int32
    let process: OwnedDescriptor
    let stopSignal: Int32
    /// Whether the main process was reaped.
    var hasEnded = false
    /// Whether we killed its tree, or are waiting for it to be gone.
    var isKilled = false
    /// Whether we froze its tree and the machine was not told yet that it is true.
    var awaitsFrozen = false
}

/// The place made for one launch: fresh, never used before, never again.
struct Nest {
    /// `<hash of the key>.<epoch>.<number>`.
    let name: String
    /// Counts launches of this guard.
    let number: Int32
    /// The control group, where there is one.
    let group: ControlGroup?
}
