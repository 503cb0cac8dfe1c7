package import HoldfastCore

/// What happened to the guard.
package enum GuardEvent: Equatable, Sendable {
    /// A new agent connected; the one before it, if any, is not obeyed any more (S11).
    case agentConnected
    /// From the newest agent.
    case request(GuardRequest)
    /// Answers `GuardEffect.launch`: the command executes.
    case launched(slot: Int, processID: Int32)
    /// Answers `GuardEffect.launch`: there is no process, or none any more.
    case launchFailed(slot: Int, LaunchStep, errorNumber: Int32)
    /// Answers `GuardEffect.launch`: the deadline came before the exec (G5).
    case launchTooLate(slot: Int)
    /// The main process was reaped; `isEmpty`: nothing else is left of its tree.
    case mainEnded(slot: Int, RunEnd.Status, ranOutOfMemory: Bool, isEmpty: Bool)
    /// The tree was read back as frozen.
    case frozen(slot: Int)
    /// The tree was read back as empty.
    case emptied(slot: Int)
    /// `enforce` was called: is everything quiet, is it time to end?
    case enforced
    /// The virtual machine was cloned, restored or paused unseen by its clocks (S8).
    case clockDisrupted
    /// SIGTERM.
    case terminated
}

/// What the guard's driver must do, in this order.
package enum GuardEffect: Equatable, Sendable {
    /// To the newest agent, if there is one. `launched` and a repeated `exited` carry the pipe.
    case report(GuardReport)
    /// End the connection of the newest agent: it asked for what no sane agent asks for.
    case disconnectAgent
    /// Start it, and answer by `launched`, `launchFailed` or `launchTooLate` before anything else.
    /// Nothing may be executed at or after `before`.
    case launch(LaunchOrder, slot: Int, before: Moment)
    /// Its stop signal: to the main process, or when that is gone to what is left of the tree.
    case signal(slot: Int)
    case kill(slot: Int)
    /// G3: read the clock, let it run only if that is before `before`, read it again: what
    /// follows (`enforce`) freezes it again if need be.
    case thaw(slot: Int, before: Moment)
    /// The tree is gone: give back what the slot holds; its pipe stays until `forget`.
    case release(slot: Int)
    /// The exit is settled: close the pipe.
    case forget(RunName)
    /// G4: the kernel is to kill the guard at this moment, unless it is moved.
    case armKernelTimer(Moment)
    case disarmKernelTimer
    /// End the process, with success.
    case end
}

/// What the deadline path asks of its driver: no payload, so that nothing is allocated.
package enum DeadlineAct: Hashable, Sendable {
    case signal
    case freeze
    case kill
}

/// Which users may be launched as.
package enum AllowedUsers: Equatable, Sendable {
    case any
    case only([UInt32])

    package func contains(_ user: UInt32) -> Bool {
        switch self {
        case .any: true
        case .only(let users): users.contains(user)
        }
    }
}
