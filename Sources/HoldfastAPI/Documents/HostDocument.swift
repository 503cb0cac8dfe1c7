/// One host of the cluster, as another sees it.
package struct HostDocument: Codable, Hashable, Sendable {
    package enum State: String, Codable, Hashable, Sendable, CaseIterable {
        case up
        /// Not heard of for longer than a heartbeat.
        case suspected
        /// Its session has ended, by time or by itself.
        case gone
        case neverSeen = "never-seen"
    }

    package var host: String
    package var state: State
    package var epoch: UInt64?
    package var labels: [String: String]
    package var address: String
    /// Whether this is the host that answers.
    package var isSelf: Bool
    /// Seconds.
    package var lastHeardIn: Double?
    /// How many jobs run there.
    package var running: Int

    package init(
        host: String, state: State, epoch: UInt64? = nil, labels: [String: String] = [:],
        address: String, isSelf: Bool, lastHeardIn: Double? = nil, running: Int
    ) {
        self.host = host
        self.state = state
        self.epoch = epoch
        self.labels = labels
        self.address = address
        self.isSelf = isSelf
        self.lastHeardIn = lastHeardIn
        self.running = running
    }

    enum CodingKeys: String, CodingKey {
        case host, state, epoch, labels, address
        case isSelf = "is_self"
        case lastHeardIn = "last_heard_in"
        case running
    }
}

/// The answer to `GET /v1/hosts`, in order of host.
package struct HostList: Codable, Hashable, Sendable {
    package var hosts: [HostDocument]

    package init(hosts: [HostDocument]) {
        self.hosts = hosts
    }
}
