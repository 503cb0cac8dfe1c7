package import HoldfastCore
package import HoldfastJobs
package import HoldfastSessions

/// What a host is told when it starts.
package struct NodeSettings: Sendable {
    package var host: HostName
    /// 64 random bits, fresh for each process: the second half of its ballots (P2).
    package var incarnation: UInt64
    package var labels: [Label]
    /// Where this agent listens, for people.
    package var address: String
    package var lease: LeaseSettings
    package var clusterName: String
    /// The intended voters, this host among them, sorted (M2).
    package var hosts: [HostName]
    /// How long a user's change may take before its outcome is reported as it then is.
    package var requestTimeout: Duration = .seconds(5)

    package init(
        host: HostName, incarnation: UInt64, labels: [Label], address: String,
        lease: LeaseSettings, clusterName: String, hosts: [HostName]
    ) {
        self.host = host
        self.incarnation = incarnation
        self.labels = labels
        self.address = address
        self.lease = lease
        self.clusterName = clusterName
        self.hosts = hosts.sorted()
    }

    /// What all intended voters must agree on before ballot 1, as one number (M2).
    var intention: UInt64 {
        let names = self.hosts.map(\.text).joined(separator: ",")
        return StableHash.of(
            self.clusterName, "\(self.hosts.count)", names,
            "\(self.lease.term.wholeNanoseconds)")
    }
}
