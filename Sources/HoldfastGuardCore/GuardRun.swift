import HoldfastCore

/// One live run, from the order to launch it until its whole tree is gone.
struct GuardRun: Equatable, Sendable {
    /// How far the stop sequence has come.
    enum Stop: Equatable, Sendable {
        case notAsked
        /// The signal was sent; the tree is killed at this moment.
        case grace(until: Moment)
        case killed
    }

    /// Whether it may execute.
    enum Pause: Equatable, Sendable {
        case none
        /// Asked to freeze; not read back yet.
        case freezing(since: Moment)
        case frozen(since: Moment)

        var since: Moment? {
            switch self {
            case .none: nil
            case .freezing(let since), .frozen(let since): since
            }
        }
    }

    struct MainEnd: Equatable, Sendable {
        var status: RunEnd.Status
        var ran: Duration
        var ranOutOfMemory: Bool
    }

    let name: RunName
    let stopGrace: Duration
    let onDeadline: DeadlineAction
    let freezeLimit: Duration?
    /// When it was launched, and 0 as long as it is not.
    var processID: Int32 = 0
    var launchedAt: Moment
    var stop = Stop.notAsked
    var pause = Pause.none
    var mainEnd: MainEnd?
    /// Whether no process of its tree is left (G6).
    var isEmpty = false
    /// The first thing we did that ended it.
    var cause = RunEnd.Cause.itself
    /// Tokens whose burn is answered when this run is gone, rising (C8).
    var waitingBurns: [Token] = []

    init(_ order: LaunchOrder, at now: Moment) {
        self.init(
            name: order.name, stopGrace: order.stopGrace, onDeadline: order.onDeadline,
            freezeLimit: order.freezeLimit, launchedAt: now)
    }

    init(
        name: RunName, stopGrace: Duration, onDeadline: DeadlineAction, freezeLimit: Duration?,
        launchedAt: Moment
    ) {
        self.name = name
        self.stopGrace = stopGrace
        self.onDeadline = onDeadline
        self.freezeLimit = freezeLimit
        self.launchedAt = launchedAt
    }

    /// When the deadline path must look at this run next, renewals apart.
    var dueAt: (grace: Moment?, freezeLimit: Moment?) {
        var due: (grace: Moment?, freezeLimit: Moment?) = (nil, nil)
        guard self.stop != .killed else { return due }
        if case .grace(let until) = self.stop { due.grace = until }
        if let since = self.pause.since, let limit = self.freezeLimit {
            due.freezeLimit = since.advanced(by: limit)
        }
        return due
    }

    /// Whether it executes nothing, as read back (G3).
    var isQuiet: Bool {
        guard !self.isEmpty else { return true }
        guard case .frozen = self.pause else { return false }
        return true
    }

    mutating func blame(_ cause: RunEnd.Cause) {
        if self.cause == .itself { self.cause = cause }
    }

    /// How it ended, once it has.
    var end: RunEnd? {
        guard let mainEnd = self.mainEnd, self.isEmpty else { return nil }
        let cause =
            self.cause == .itself && mainEnd.ranOutOfMemory
            ? RunEnd.Cause.outOfMemory : self.cause
        return RunEnd(status: mainEnd.status, cause: cause, ran: mainEnd.ran)
    }
}
