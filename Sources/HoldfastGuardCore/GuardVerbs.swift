package import HoldfastCore

/// What an agent asks of the guard: a closed set of verbs, one frame each.
package enum GuardRequest: Equatable, Sendable {
    /// The guard is to serve this session from now on. Refused unless it serves none, or every
    /// earlier session is retired; a repetition for the present session is answered alike.
    case adopt(GuardSession)
    /// New deadlines for the present epoch; each is cut to now + the fencing budget (G2).
    /// Also the question whether the guard still answers (S11): every renewal is acknowledged.
    case renew(epoch: Epoch, sequence: UInt64, GuardDeadlines)
    case launch(LaunchOrder)
    /// Begin the stop sequence of this run, as its order says: signal, grace, kill of the tree.
    /// `immediately` kills the tree at once. Never answered; the exit is.
    case stop(RunName, immediately: Bool)
    /// Never launch this token of this key, nor a lower one, from now on (C8). A run of it that
    /// is alive is killed first; answered by `.burned` when its cgroup is empty, or by
    /// `.exited` and then `.burned` where a run ended.
    case burn(RunName)
    /// The vacancy of this run is chosen: its exit need not be kept any longer (G7).
    case settle(RunName)
    /// Nothing of this epoch may run again: kill what does, then answer `.retired` (S10).
    case retire(epoch: Epoch)
}

/// What the guard reports, one frame each.
package enum GuardReport: Equatable, Sendable {
    /// First on every connection, before anything else.
    case hello(GuardHello)
    case adopted(epoch: Epoch)
    /// Acknowledges a renewal; `isFenced` tells whether runs are paused or were ended by a
    /// deadline that the renewal did not lift.
    case renewed(epoch: Epoch, sequence: UInt64, isFenced: Bool)
    case launched(RunName, processID: Int32)
    /// Not launched, and never will be: the token counts as burned.
    case refused(RunName, RefusalReason)
    /// Not launched because a step failed; the token counts as burned.
    case launchFailed(RunName, step: LaunchStep, errorNumber: Int32)
    /// The main process has ended and the whole tree is gone (G6). Repeated on each new
    /// connection until settled. Always with the log pipe, as in `launched`, so that an agent that
    /// was away loses no output.
    case exited(RunName, RunEnd)
    case burned(RunName)
    case retired(epoch: Epoch)
    /// The deadline passed and everything is frozen or gone (G3).
    case fenced(epoch: Epoch)
    /// The guard was told to end (SIGTERM): children get their stop sequence, their exits are
    /// reported, then the present epoch is retired.
    case ending
}

/// One attempt to run a key: the key and the token it was launched under.
package struct RunName: Hashable, Comparable, Sendable, CustomStringConvertible {
    package var key: String
    package var token: Token

    package init(key: String, token: Token) {
        self.key = key
        self.token = token
    }

    package static func < (left: Self, right: Self) -> Bool {
        (ExactText(left.key), left.token) < (ExactText(right.key), right.token)
    }

    package static func == (left: Self, right: Self) -> Bool {
        left.token == right.token && ExactText(left.key) == ExactText(right.key)
    }

    package func hash(into hasher: inout Hasher) {
        hasher.combine(ExactText(self.key))
        hasher.combine(self.token)
    }

    package var description: String { "\(self.key)#\(self.token)" }
}

package struct GuardSession: Hashable, Sendable {
    package var epoch: Epoch
    /// The nonce under which the session was opened (S12).
    package var nonce: Nonce
    /// The data directory of the agent that opened it: no other agent may keep it alive (S11).
    package var owner: AcceptorID
    /// F: no deadline is ever further away than this (G2).
    package var fencingBudget: Duration
    /// G: the kernel timer stands this much behind the hard deadline (G4).
    package var wakeUpDelay: Duration

    package init(
        epoch: Epoch, nonce: Nonce, owner: AcceptorID, fencingBudget: Duration,
        wakeUpDelay: Duration
    ) {
        self.epoch = epoch
        self.nonce = nonce
        self.owner = owner
        self.fencingBudget = fencingBudget
        self.wakeUpDelay = wakeUpDelay
    }
}

/// Absolute deadlines on the guard's own clocks; reached when either of two clocks says so (S8).
package struct GuardDeadlines: Hashable, Sendable {
    /// No launch at or after this (also the soft deadline, at which `stop` runs are signalled).
    package var soft: Moment
    /// Everything frozen or killed at this.
    package var hard: Moment

    package init(soft: Moment, hard: Moment) {
        self.soft = soft
        self.hard = hard
    }
}

/// What the guard tells an agent that connects.
package struct GuardHello: Equatable, Sendable {
    /// Counts agents since the guard began; only the newest is obeyed (S11).
    package var agentNumber: UInt64
    /// Random bits of this guard's life.
    package var incarnation: UInt64
    package var containment: Containment
    /// The session that this guard serves, unless it serves none or has retired it.
    package var session: GuardSession?
    package var isFenced: Bool
    package var isEnding: Bool
    /// Highest epoch of which nothing runs and nothing ever will; 0 for none.
    ///
    /// A guard that found cgroups left over from an earlier life has emptied them before it says
    /// hello (G8).
    package var retiredThrough: Epoch
    /// Runs that are alive; their log pipes follow, as in `launched`.
    package var runs: [LiveRun]

    package init(
        agentNumber: UInt64, incarnation: UInt64, containment: Containment,
        session: GuardSession?, isFenced: Bool, isEnding: Bool, retiredThrough: Epoch,
        runs: [LiveRun]
    ) {
        self.agentNumber = agentNumber
        self.incarnation = incarnation
        self.containment = containment
        self.session = session
        self.isFenced = isFenced
        self.isEnding = isEnding
        self.retiredThrough = retiredThrough
        self.runs = runs
    }
}

package struct LiveRun: Hashable, Sendable {
    package var name: RunName
    package var processID: Int32

    package init(name: RunName, processID: Int32) {
        self.name = name
        self.processID = processID
    }
}

/// How surely the guard holds a whole tree (G9), from strongest to weakest.
package enum Containment: UInt8, Hashable, Sendable, CaseIterable, CustomStringConvertible {
    /// A cgroup v2 of its own per run: kill and freeze reach everything.
    case cgroup = 1
    /// PR_SET_CHILD_SUBREAPER and a walk over descendants: reaches what does not fork faster
    /// than it is killed.
    case subreaper = 2
    /// The process group alone.
    case group = 3

    package var description: String {
        switch self {
        case .cgroup: "cgroup"
        case .subreaper: "subreaper"
        case .group: "group"
        }
    }
}

/// Everything the guard needs to launch one run; it resolves nothing itself.
package struct LaunchOrder: Equatable, Sendable {
    package var name: RunName
    package var epoch: Epoch
    /// Absolute path or a name that the agent has resolved; `arguments[0]` is what the child sees.
    package var executable: String
    package var arguments: [String]
    /// `NAME=value`, complete: nothing is inherited.
    package var environment: [String]
    package var directory: String
    package var userID: UInt32
    package var groupID: UInt32
    package var supplementaryGroups: [UInt32]
    package var stopSignal: Int32
    /// Between the stop signal and the kill of the tree.
    package var stopGrace: Duration
    package var onDeadline: DeadlineAction
    /// How long a frozen run is kept before it is killed; `nil`: until its epoch is retired.
    package var freezeLimit: Duration?

    package init(
        name: RunName, epoch: Epoch, executable: String, arguments: [String],
        environment: [String], directory: String, userID: UInt32, groupID: UInt32,
        supplementaryGroups: [UInt32], stopSignal: Int32, stopGrace: Duration,
        onDeadline: DeadlineAction, freezeLimit: Duration?
    ) {
        self.name = name
        self.epoch = epoch
        self.executable = executable
        self.arguments = arguments
        self.environment = environment
        self.directory = directory
        self.userID = userID
        self.groupID = groupID
        self.supplementaryGroups = supplementaryGroups
        self.stopSignal = stopSignal
        self.stopGrace = stopGrace
        self.onDeadline = onDeadline
        self.freezeLimit = freezeLimit
    }
}

/// What happens to a run at the deadline (G3).
package enum DeadlineAction: UInt8, Hashable, Sendable, CaseIterable {
    /// Freeze at the hard deadline, thaw when the lease is renewed.
    case freeze = 1
    /// Stop signal at the soft deadline, kill at the hard one.
    case stop = 2
    /// Kill at the hard deadline.
    case kill = 3
}

package enum RefusalReason: UInt8, Hashable, Sendable, CaseIterable {
    /// The epoch is not the present one, or is retired.
    case wrongEpoch = 1
    /// The launch deadline has passed, or runs are fenced.
    case fenced = 2
    /// A token at least as high was launched or burned for this key (G5).
    case staleToken = 3
    /// The user is not one that this host may launch as.
    case userNotAllowed = 4
    case tooManyRuns = 5
    /// The guard is ending.
    case ending = 6
    /// A run of this key is alive; burn it first (C8).
    case keyInUse = 7
}

/// The step of a launch that failed.
package enum LaunchStep: UInt8, Hashable, Sendable, CaseIterable, CustomStringConvertible {
    case containment = 1
    case pipe = 2
    case clone = 3
    case session = 4
    case signals = 5
    case standardStreams = 6
    case directory = 7
    case limits = 8
    case groups = 9
    case user = 10
    case parentDeath = 11
    case descriptors = 12
    case execute = 13

    package var description: String {
        switch self {
        case .containment: "make its cgroup"
        case .pipe: "make its log pipe"
        case .clone: "start a process"
        case .session: "start a process session"
        case .signals: "reset its signals"
        case .standardStreams: "connect its standard streams"
        case .directory: "enter its directory"
        case .limits: "set its limits"
        case .groups: "take its groups"
        case .user: "take its user"
        case .parentDeath: "tie it to the guard"
        case .descriptors: "close foreign descriptors"
        case .execute: "execute its command"
        }
    }
}

/// How the main process of a run ended, and who ended it.
package struct RunEnd: Hashable, Sendable {
    package enum Status: Hashable, Sendable {
        case exited(code: UInt8)
        case signalled(UInt8, dumpedCore: Bool)
    }

    /// Whether the end was the guard's doing.
    package enum Cause: UInt8, Hashable, Sendable, CaseIterable {
        /// By itself, or by somebody else's signal.
        case itself = 1
        /// A `stop` that the agent asked for.
        case stopped = 2
        /// The deadline, the retirement of its epoch, or the freeze limit.
        case fenced = 3
        /// The kernel's out-of-memory killer.
        case outOfMemory = 4
        /// The guard itself was told to end.
        case guardEnding = 5
    }

    package var status: Status
    package var cause: Cause
    /// From exec to the end of the main process.
    package var ran: Duration

    package init(status: Status, cause: Cause, ran: Duration) {
        self.status = status
        self.cause = cause
        self.ran = ran
    }
}
