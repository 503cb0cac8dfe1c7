package import HoldfastCore

/// Who votes, and under which lease: what every message carries the version of (M1).
package struct ClusterConfiguration: Hashable, Sendable {
    package struct Voter: Hashable, Sendable {
        package var host: HostName
        /// The data directory that votes: another one under the same name does not (M4).
        package var acceptor: AcceptorID

        package init(host: HostName, acceptor: AcceptorID) {
            self.host = host
            self.acceptor = acceptor
        }
    }

    package var cluster: ClusterID
    /// What the operator calls it.
    package var name: String
    package var version: UInt64
    /// Sorted by host; as many as the intended size of the cluster (M2).
    package var voters: [Voter]
    /// T.
    package var term: Duration

    package init(
        cluster: ClusterID, name: String, version: UInt64, voters: [Voter], term: Duration
    ) {
        self.cluster = cluster
        self.name = name
        self.version = version
        self.voters = voters
        self.term = term
    }

    /// The first configuration: the same on every host that knows the same voters (M2).
    ///
    /// The cluster's identity is a hash of its name, its lease and the random identities of its
    /// first data directories: two clusters that were formed apart never share one.
    package static func first(
        name: String, voters: [Voter], term: Duration
    ) -> ClusterConfiguration {
        let sorted = voters.sorted { $0.host < $1.host }
        let text = sorted.map { "\($0.host)=\($0.acceptor)" }.joined(separator: ",")
        let whole = "\(name);\(term.wholeNanoseconds);\(text)"
        let cluster = ClusterID(
            high: StableHash.of("cluster-high", whole), low: StableHash.of("cluster-low", whole))
        return ClusterConfiguration(
            cluster: cluster, name: name, version: 1, voters: sorted, term: term)
    }

    package var majority: Int { self.voters.count / 2 + 1 }

    package func voter(_ host: HostName) -> Voter? { self.voters.first { $0.host == host } }
}
