/// One request of a client, and how long it may take.
package struct APIRequest: Sendable {
    package var method: String
    /// Percent-encoded.
    package var path: String
    package var query: [(name: String, value: String)]
    package var body: [UInt8]?
    /// How long the agent may take to answer; a stream may then go on for as long as it likes.
    package var limit: Duration
    /// Whether an answer that never comes leaves the outcome open.
    package var changesThings: Bool { self.method != "GET" }

    package init(
        _ method: String, _ path: String, query: [(name: String, value: String)] = [],
        body: [UInt8]? = nil, limit: Duration = .seconds(30)
    ) {
        self.method = method
        self.path = path
        self.query = query
        self.body = body
        self.limit = limit
    }

    /// Path and query as they stand in the request line.
    var target: String {
        guard !self.query.isEmpty else { return self.path }
        let fields = self.query.map { "\($0.name)=\(PercentEncoding.encode($0.value))" }
        return self.path + "?" + fields.joined(separator: "&")
    }
}
