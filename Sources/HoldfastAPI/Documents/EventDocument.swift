/// Something that happened, in one sentence and in parts.
package struct EventDocument: Codable, Hashable, Sendable {
    /// Rises by one with every event of the host that tells it; starts again with its agent.
    package var index: UInt64
    /// RFC 3339 with milliseconds.
    package var at: String
    /// A word to select by, such as `started`.
    package var kind: String
    package var key: String?
    package var host: String?
    package var token: UInt64?
    package var text: String

    package init(
        index: UInt64, at: String, kind: String, key: String? = nil, host: String? = nil,
        token: UInt64? = nil, text: String
    ) {
        self.index = index
        self.at = at
        self.kind = kind
        self.key = key
        self.host = host
        self.token = token
        self.text = text
    }
}

/// The answer to `GET /v1/events` without `follow`, oldest first.
package struct EventList: Codable, Hashable, Sendable {
    package var events: [EventDocument]

    package init(events: [EventDocument]) {
        self.events = events
    }
}
