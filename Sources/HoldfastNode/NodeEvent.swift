package import HoldfastCore
package import HoldfastGuardCore
package import HoldfastJobs
package import HoldfastWire

/// What happened to a host, one thing at a time.
package enum NodeEvent: Equatable, Sendable {
    /// The first event; nothing is done before it.
    case started
    case received(Envelope, from: HostName)
    /// Writes up to and including this number are durable.
    case wrote(through: UInt64)
    /// The time asked for by `Node.nextWakeUp` has come, or any time after it.
    case woke
    /// Whether the disk has been answering: heartbeats stop while it has not (S11).
    case diskStalled(Bool)
    case guardReported(GuardReport)
    /// The connection to the guard ended; `isDead`: its process is known to be gone.
    case guardLost(isDead: Bool)
    /// A launch that the agent itself could not prepare: the guard never heard of it.
    case launchImpossible(RunName, reason: String)
    case requested(RequestID, NodeRequest)
    /// The API of this host has something to say to that of another; opaque here.
    case relay([UInt8], to: HostName)
}

/// The agent's own number for one question of a user.
package typealias RequestID = UInt64

/// What a user asks of the cluster through this host.
package enum NodeRequest: Equatable, Sendable {
    /// The register of a key, linearizable (P8).
    case read(Key)
    case change(Key, RequestedChange)
}

package enum RequestedChange: Hashable, Sendable {
    case declare(JobSpec)
    case run(JobSpec)
    case remove
    case start
    case stop
    case restart
}
