import HoldfastCore
import HoldfastGuardCore
import HoldfastLinux

/// How whole trees of processes are held (G9): one implementation per kind of host.
///
/// `signal`, `kill`, `setFrozen` and `state` are the deadline path and allocate nothing.
protocol ChildTree: AnyObject {
    var containment: Containment { get }
    /// Whether nobody tells that a tree became empty or frozen, so that it must be looked at.
    var mustBePolled: Bool { get }
    /// What the next image of the program is to hold them by.
    var saved: SavedGuard.Tree { get }

    /// Makes a place for one launch.
    func makeNest(_ name: String, number: Int32) throws(SystemCallFailure) -> Nest
    func birthplace(_ nest: Nest) throws(SystemCallFailure) -> ChildLauncher.Birthplace
    /// An entry of the environment by which processes of the tree are known.
    func mark(_ nest: Nest) -> String?
    /// A child died at birth, as on kernels that compare kill counts wrongly.
    ///
    /// - Returns: Whether another way of being born is used from now on.
    func distrustBirth() -> Bool
    func admit(_ child: Child)

    /// To what is left of the tree.
    func signal(_ child: Child, _ number: Int32)
    func kill(_ child: Child)
    func setFrozen(_ child: Child, _ isFrozen: Bool)
    /// `nil` when it cannot be told.
    func state(_ child: Child) -> ControlGroup.State?
    /// Forgets what was seen; called once in each round of the loop.
    func beginRound()

    /// Gives the place back; the tree is empty.
    func release(_ nest: Nest, processID: Int32)
    /// Leaves no trace, before the guard ends.
    func tearDown()
}
