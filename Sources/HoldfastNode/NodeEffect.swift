package import HoldfastCore
package import HoldfastGuardCore
package import HoldfastJobs
package import HoldfastPaxos
package import HoldfastWire

/// What a host must do, in the order given.
///
/// A reply that must not leave before a write is durable is no effect yet: the core keeps it and
/// returns it when it hears `wrote` (P4), so that no driver can send it early.
package enum NodeEffect: Equatable, Sendable {
    /// Write these in one transaction, in order, then report `wrote(through: number)`.
    case write([DurableWrite], number: UInt64)
    /// Best effort: the network may lose, repeat, delay or reorder.
    case send(Envelope, to: HostName)
    case askGuard(GuardRequest)
    /// Resolve user, command and directory, then ask the guard to launch; or report
    /// `launchImpossible`.
    case launch(RunName, epoch: Epoch, JobSpec)
    case respond(RequestID, NodeResponse)
    /// Something that users may want to see in `events`.
    case observed(ClusterEvent)
    /// A host of this cluster asks or answers something for its API (`NodeEvent.relay`).
    case relayed([UInt8], from: HostName)
    /// Everything of this host is given back; its guard is ending. The process may end.
    case released
    /// A rule is broken: end the process and say so (P13).
    case halt(NodeFailure)
}

/// The answer to a user's question.
package enum NodeResponse: Equatable, Sendable {
    /// Chosen; what a change wrote, or what a read found.
    case chosen(KeyRecord?)
    /// Chosen, and the record keeps the change out.
    case refused(KeyChange.Refusal, KeyRecord?)
    /// It may or may not have happened, or yet happen (P9).
    case unknown
    /// It did not happen: no quorum answered in time.
    case noQuorum
}

/// One line of `events`: something that is chosen, or that this host noticed of itself.
package struct ClusterEvent: Hashable, Sendable {
    package enum Kind: String, Hashable, Sendable, CaseIterable {
        case declared, removed, wanted, unwanted
        case claimed, started, ended, lost, finished
        case gaveUp = "gave-up"
        case hostJoined = "host-joined"
        case hostLeft = "host-left"
        case hostGone = "host-gone"
        case quorumReached = "quorum-reached"
        case quorumLost = "quorum-lost"
        case paused, resumed
        case warning
    }

    package var kind: Kind
    package var key: Key?
    package var host: HostName?
    package var token: Token?
    package var text: String

    package init(
        kind: Kind, key: Key? = nil, host: HostName? = nil, token: Token? = nil, text: String
    ) {
        self.kind = kind
        self.key = key
        self.host = host
        self.token = token
        self.text = text
    }
}

/// Why a host must stop.
package enum NodeFailure: OperatorFacing, Hashable {
    /// P13.
    case twoValuesAtOneBallot(RegisterID, Ballot)
    case foreignDirectory(cluster: String)
    /// The guard serves a session that an agent with another data directory opened.
    case foreignGuard(Epoch)
    /// The row that holds the configuration is of a version not understood here.
    case unreadableConfiguration
    /// The file no longer says what the cluster was formed with.
    case changedConfiguration(String)

    package var what: String { "cannot go on as a voter" }

    package var why: String {
        switch self {
        case .twoValuesAtOneBallot(let register, let ballot):
            "two different values were seen for \(register) at ballot \(ballot)"
        case .foreignDirectory(let cluster):
            "the data directory belongs to another host or cluster (\(cluster))"
        case .foreignGuard(let epoch):
            "the guard of this host serves session \(epoch), which another agent opened: "
                + "its guard_socket is that of another host, or its data directory was replaced"
        case .unreadableConfiguration:
            "the data directory was written by another version of Holdfast"
        case .changedConfiguration(let difference):
            "the configuration file differs from what the cluster was formed with: "
                + difference
        }
    }

    package var next: String {
        switch self {
        case .twoValuesAtOneBallot:
            "keep the data directories of all hosts as they are and report this as a defect"
        case .foreignDirectory:
            "give this host its own data directory, or an empty one to join as new"
        case .foreignGuard:
            "give each host a guard of its own; after a replaced directory, stop holdfast-guard, "
                + "which stops its jobs, then start it and the agent again"
        case .unreadableConfiguration: "start the version that wrote it, or a newer one"
        case .changedConfiguration:
            "put the old value back: membership and lease cannot be changed by a file"
        }
    }

    package var exitStatus: ExitStatusCode {
        switch self {
        case .twoValuesAtOneBallot: .software
        case .foreignDirectory, .changedConfiguration, .foreignGuard, .unreadableConfiguration:
            .configuration
        }
    }
}
