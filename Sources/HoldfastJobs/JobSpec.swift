/// What a user declares under a key: what to run, as whom, where, and what to do when it ends.
///
/// A value of this type is complete and checked: every default is filled in, every text is within
/// its limit. The YAML form is described in the examples; HoldfastSpec reads it.
package struct JobSpec: Hashable, Sendable {
    /// The command and its arguments, at least one text: a `shell:` line is `/bin/sh -c LINE`.
    package var command: [String]
    /// Sorted by name, names distinct.
    package var environment: [EnvironmentVariable]
    /// Absolute; `nil` means the root directory.
    package var directory: String?
    /// Names or decimal numbers; `nil` means the user that the host runs jobs as by default.
    package var user: String?
    package var group: String?
    package var placement: Placement
    package var start: StartMode
    package var restart: RestartPolicy
    package var stop: StopPolicy
    package var onQuorumLoss: QuorumLossAction
    /// How long a frozen process is kept before it is killed; `nil`: until its host is given up.
    package var freezeLimit: Duration?
    package var logs: LogPolicy

    package init(
        command: [String], environment: [EnvironmentVariable] = [], directory: String? = nil,
        user: String? = nil, group: String? = nil, placement: Placement = Placement(),
        start: StartMode = .automatic, restart: RestartPolicy = RestartPolicy(),
        stop: StopPolicy = StopPolicy(), onQuorumLoss: QuorumLossAction = .freeze,
        freezeLimit: Duration? = nil, logs: LogPolicy = LogPolicy()
    ) {
        self.command = command
        self.environment = environment
        self.directory = directory
        self.user = user
        self.group = group
        self.placement = placement
        self.start = start
        self.restart = restart
        self.stop = stop
        self.onQuorumLoss = onQuorumLoss
        self.freezeLimit = freezeLimit
        self.logs = logs
    }
}

package struct EnvironmentVariable: Hashable, Sendable {
    package var name: String
    package var value: String

    package init(name: String, value: String) {
        self.name = name
        self.value = value
    }
}

/// A label of a host, or what a job asks of one: `zone: eu`.
package struct Label: Hashable, Comparable, Sendable {
    package var name: String
    package var value: String

    package init(name: String, value: String) {
        self.name = name
        self.value = value
    }

    package static func < (left: Self, right: Self) -> Bool {
        (left.name, left.value) < (right.name, right.value)
    }
}

/// Where a job may run and where it would rather; both lists sorted by label name.
///
/// The label `host` is every host's own name.
package struct Placement: Hashable, Sendable {
    package var require: [Label]
    package var prefer: [Label]

    package init(require: [Label] = [], prefer: [Label] = []) {
        self.require = require
        self.prefer = prefer
    }
}

package enum StartMode: UInt8, Hashable, Sendable, CaseIterable {
    /// As soon as it is declared.
    case automatic = 1
    /// By the first `whereis` or `start`.
    case onDemand = 2
}

/// When a run that ended is followed by another.
package struct RestartPolicy: Hashable, Sendable {
    package enum Condition: UInt8, Hashable, Sendable, CaseIterable {
        case always = 1
        /// Unless it exited with 0 or was stopped.
        case onFailure = 2
        case never = 3
    }

    package var condition: Condition
    /// Before the first restart; doubles with each failure up to `maximumDelay`, and returns to
    /// this once a run lasted longer than the greater of 10 s and `maximumDelay`.
    package var delay: Duration
    package var maximumDelay: Duration
    /// Give up after so many ends within such a span; `nil`: never.
    package var giveUp: GiveUp?

    package struct GiveUp: Hashable, Sendable {
        /// 1 to 100.
        package var count: UInt32
        package var within: Duration

        package init(count: UInt32, within: Duration) {
            self.count = count
            self.within = within
        }
    }

    package init(
        condition: Condition = .always, delay: Duration = .seconds(1),
        maximumDelay: Duration = .seconds(60), giveUp: GiveUp? = nil
    ) {
        self.condition = condition
        self.delay = delay
        self.maximumDelay = maximumDelay
        self.giveUp = giveUp
    }
}

package struct StopPolicy: Hashable, Sendable {
    /// A signal number, 1 to 64.
    package var signal: Int32
    package var grace: Duration

    package init(signal: Int32 = 15, grace: Duration = .seconds(10)) {
        self.signal = signal
        self.grace = grace
    }
}

/// What happens to the process when its host loses the quorum, at the deadline (G3).
package enum QuorumLossAction: UInt8, Hashable, Sendable, CaseIterable {
    case freeze = 1
    case stop = 2
    case kill = 3
}

/// Where standard output and standard error go: files on the host that runs the job.
package struct LogPolicy: Hashable, Sendable {
    /// A file that grows beyond this is rotated.
    package var fileBytes: UInt64
    /// How many files are kept, the current one included; 1 to 100.
    package var fileCount: UInt32

    package init(fileBytes: UInt64 = 10 * 1024 * 1024, fileCount: UInt32 = 5) {
        self.fileBytes = fileBytes
        self.fileCount = fileCount
    }
}
