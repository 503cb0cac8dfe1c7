/// How the cluster is, seen from one host.
package struct StatusDocument: Codable, Hashable, Sendable {
    package struct Quorum: Codable, Hashable, Sendable {
        /// How many voters answer, this host included.
        package var have: Int
        package var need: Int
        package var of: Int
        package var ok: Bool

        package init(have: Int, need: Int, of: Int, ok: Bool) {
            self.have = have
            self.need = need
            self.of = of
            self.ok = ok
        }
    }

    package struct Session: Codable, Hashable, Sendable {
        package var epoch: UInt64
        package var state: String
        /// Seconds.
        package var leaseLeft: Double?

        package init(epoch: UInt64, state: String, leaseLeft: Double? = nil) {
            self.epoch = epoch
            self.state = state
            self.leaseLeft = leaseLeft
        }

        enum CodingKeys: String, CodingKey {
            case epoch, state
            case leaseLeft = "lease_left"
        }
    }

    package struct Jobs: Codable, Hashable, Sendable {
        package var running: Int
        package var paused: Int
        package var waiting: Int
        package var stopped: Int
        package var failed: Int

        package init(
            running: Int = 0, paused: Int = 0, waiting: Int = 0, stopped: Int = 0, failed: Int = 0
        ) {
            self.running = running
            self.paused = paused
            self.waiting = waiting
            self.stopped = stopped
            self.failed = failed
        }
    }

    package var cluster: String
    package var clusterID: String?
    package var host: String
    package var version: String
    package var quorum: Quorum
    package var session: Session
    /// The containment class of the guard, in a word.
    package var containment: String
    /// The users that jobs may run as here, in words.
    package var users: String
    package var warnings: [String]
    package var jobs: Jobs
    /// One sentence: "no quorum: 1 of 3; 2 jobs paused; resumes by itself".
    package var summary: String

    package init(
        cluster: String, clusterID: String?, host: String, version: String, quorum: Quorum,
        session: Session, containment: String, users: String, warnings: [String] = [], jobs: Jobs,
        summary: String
    ) {
        self.cluster = cluster
        self.clusterID = clusterID
        self.host = host
        self.version = version
        self.quorum = quorum
        self.session = session
        self.containment = containment
        self.users = users
        self.warnings = warnings
        self.jobs = jobs
        self.summary = summary
    }

    enum CodingKeys: String, CodingKey {
        case cluster
        case clusterID = "cluster_id"
        case host, version, quorum, session, containment, users, warnings, jobs, summary
    }
}
