package import HoldfastCore
package import HoldfastJobs
package import HoldfastSessions

/// The configuration of one host: a checked value, every default filled in.
///
/// Paths that were relative in the file are relative to the file's folder, and joined with it
/// here; so they are relative to the working directory where the file's own name is.
package struct HostConfiguration: Equatable, Sendable {
    package var name: HostName
    /// Sorted by name; without `host`, which is the host's own name.
    package var labels: [Label]
    package var dataDirectory: String
    package var logsDirectory: String
    /// Of the API.
    package var socket: String
    package var guardSocket: String
    /// Where peers reach this host; `nil` in a cluster of one.
    package var listen: PeerAddress?
    /// Whether to talk to peers off this machine that nobody has authenticated.
    package var isInsecure: Bool
    package var users: AllowedUsers
    package var cluster: Cluster
    package var lease: LeaseSettings

    package init(
        name: HostName, labels: [Label] = [], dataDirectory: String, logsDirectory: String,
        socket: String, guardSocket: String, listen: PeerAddress?, isInsecure: Bool = false,
        users: AllowedUsers = .own, cluster: Cluster, lease: LeaseSettings = .defaults()
    ) {
        self.name = name
        self.labels = labels
        self.dataDirectory = dataDirectory
        self.logsDirectory = logsDirectory
        self.socket = socket
        self.guardSocket = guardSocket
        self.listen = listen
        self.isInsecure = isInsecure
        self.users = users
        self.cluster = cluster
        self.lease = lease
    }

    /// As whom jobs may run here.
    package enum AllowedUsers: Equatable, Sendable {
        /// Only the user that the agent runs as.
        case own
        case any
        /// Names or decimal numbers, not empty, each once.
        case only([String])
    }

    package struct Cluster: Equatable, Sendable {
        package var name: String
        /// How many voters there are meant to be; 1 to `Limits.voterCount`.
        package var size: Int
        /// The other voters, sorted by name: `size - 1` of them.
        package var peers: [Peer]

        package init(name: String, size: Int, peers: [Peer]) {
            self.name = name
            self.size = size
            self.peers = peers
        }
    }

    package struct Peer: Equatable, Sendable {
        package var name: HostName
        package var address: PeerAddress

        package init(name: HostName, address: PeerAddress) {
            self.name = name
            self.address = address
        }
    }

    /// The names of all voters, this host's included, sorted.
    package var voters: [HostName] {
        (self.cluster.peers.map(\.name) + [self.name]).sorted()
    }

    /// Reads the text of a host's configuration; `file` is its path, to whose folder relative
    /// paths are relative.
    ///
    /// Throws `InvalidFile` with all mistakes at once, S6 among them.
    package static func read(text: String, file: String) throws(InvalidFile) -> Self {
        try Self.read(bytes: Array(text.utf8), file: file)
    }

    /// Like `read(text:file:)`, for bytes that may not even be text.
    package static func read(bytes: [UInt8], file: String) throws(InvalidFile) -> Self {
        var diagnosis = Diagnosis(file: file)
        let configuration = HostConfigurationReader.read(bytes, &diagnosis)
        let problems = diagnosis.problems()
        guard problems.isEmpty, let configuration else {
            throw InvalidFile(file: file, problems: problems, exitStatus: .configuration)
        }
        return configuration
    }
}
