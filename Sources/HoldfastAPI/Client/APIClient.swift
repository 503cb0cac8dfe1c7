internal import Glibc
package import HoldfastCore
package import HoldfastSpec
internal import NIOCore
internal import NIOHTTP1
internal import NIOPosix
internal import Synchronization

/// The API from a command's side: blocks the caller until the agent has answered.
///
/// Each request has a connection of its own. Not to be used on an event loop.
package struct APIClient: Sendable {
    package let socket: String

    /// Enough for a list of 10,000 keys; an answer beyond it is refused.
    package static let answerBytes = 64 * 1024 * 1024

    /// One thread for all clients of a process, begun with the first request.
    private static let group = MultiThreadedEventLoopGroup(numberOfThreads: 1)

    package init(socket: String) {
        self.socket = socket
    }

    // MARK: - Questions

    package func whereis(
        _ key: Key, _ question: WhereisQuestion
    ) throws(APIFailure) -> KeyDocument {
        var query: [(name: String, value: String)] = []
        if question.start { query.append(("start", "1")) }
        if question.stale { query.append(("stale", "1")) }
        return try self.get(
            KeyDocument.self, "/v1/keys/\(PercentEncoding.encode(key.text))", query: query,
            wait: question.wait)
    }

    package func keys() throws(APIFailure) -> KeyList { try self.get(KeyList.self, "/v1/keys") }
    package func hosts() throws(APIFailure) -> HostList { try self.get(HostList.self, "/v1/hosts") }
    package func status() throws(APIFailure) -> StatusDocument {
        try self.get(StatusDocument.self, "/v1/status")
    }

    /// Events that are kept, oldest first.
    package func events(since: UInt64?) throws(APIFailure) -> EventList {
        let query = since.map { [(name: "since", value: String($0))] } ?? []
        return try self.get(EventList.self, "/v1/events", query: query)
    }

    // MARK: - Changes

    package func apply(_ request: ApplyRequest) throws(APIFailure) -> ApplyResult {
        try self.decode(
            ApplyResult.self,
            try self.send(
                APIRequest(
                    "PUT", "/v1/jobs", body: try Self.encode(request), limit: .seconds(300))))
    }

    package func run(
        _ key: Key, _ job: JobDocument, wait: Duration?
    ) throws(APIFailure) -> KeyDocument {
        try self.change("POST", key, "/run", wait: wait, body: try Self.encode(job))
    }

    package func delete(_ key: Key) throws(APIFailure) -> KeyDocument {
        try self.change("DELETE", key, "", wait: nil)
    }

    package func start(_ key: Key, wait: Duration?) throws(APIFailure) -> KeyDocument {
        try self.change("POST", key, "/start", wait: wait)
    }

    package func stop(_ key: Key, wait: Duration?) throws(APIFailure) -> KeyDocument {
        try self.change("POST", key, "/stop", wait: wait)
    }

    package func restart(_ key: Key, wait: Duration?) throws(APIFailure) -> KeyDocument {
        try self.change("POST", key, "/restart", wait: wait)
    }

    // MARK: - Streams

    /// Follows the events after `since`, or those that come, until the agent ends the stream.
    ///
    /// `receive` is called on another thread, one event at a time.
    package func followEvents(
        since: UInt64?, _ receive: @escaping @Sendable (EventDocument) -> Void
    ) throws(APIFailure) {
        var query = [(name: "follow", value: "1")]
        if let since { query.append(("since", String(since))) }
        let request = APIRequest("GET", "/v1/events", query: query)
        let reader = Mutex(EventStreamReader())
        try self.stream(request) { bytes in
            let events = reader.withLock { reader in
                Result { () throws(UnreadableJSON) in try reader.feed(bytes) }
            }
            for event in try events.get() { receive(event) }
        }
    }

    /// The last lines that the job wrote, and with `follow` what it writes.
    ///
    /// `receive` is called on another thread, with bytes as they come.
    package func logs(
        _ key: Key, lines: Int, follow: Bool, _ receive: @escaping @Sendable ([UInt8]) -> Void
    ) throws(APIFailure) {
        var query = [(name: "lines", value: String(lines))]
        if follow { query.append(("follow", "1")) }
        try self.stream(
            APIRequest("GET", "/v1/keys/\(PercentEncoding.encode(key.text))/logs", query: query)
        ) { receive($0) }
    }

    // MARK: - Transport

    /// Sends a request and returns the body of its answer.
    ///
    /// - Throws: What the agent answered with, if not success, or why there was no answer.
    package func send(_ request: APIRequest) throws(APIFailure) -> [UInt8] {
        try self.exchange(request, stream: nil)
    }

    /// Sends a request and gives its answer away as it comes; `receive` may throw to end it.
    package func stream(
        _ request: APIRequest, _ receive: @escaping @Sendable ([UInt8]) throws -> Void
    ) throws(APIFailure) {
        _ = try self.exchange(request, stream: receive)
    }

    private func exchange(
        _ request: APIRequest, stream: (@Sendable ([UInt8]) throws -> Void)?
    ) throws(APIFailure) -> [UInt8] {
        let reply: APIReply
        do {
            let loop = Self.group.next()
            let promise = loop.makePromise(of: APIReply.self)
            ClientBootstrap(group: loop)
                .connectTimeout(.seconds(5))
                .channelInitializer { channel in
                    channel.eventLoop.makeCompletedFuture {
                        let pipeline = channel.pipeline.syncOperations
                        try pipeline.addHTTPClientHandlers(leftOverBytesStrategy: .dropBytes)
                        try pipeline.addHandler(
                            APIClientHandler(request, stream: stream, promise: promise))
                    }
                }
                .connect(unixDomainSocketPath: self.socket)
                .whenFailure { promise.fail(TransportFailure.connecting($0)) }
            reply = try promise.futureResult.wait()
        } catch {
            throw self.failure(error, request)
        }
        guard (200...299).contains(reply.status) else { throw self.refusal(reply) }
        return reply.body
    }

    private func get<Document: Decodable>(
        _ type: Document.Type, _ path: String, query: [(name: String, value: String)] = [],
        wait: Duration? = nil
    ) throws(APIFailure) -> Document {
        var request = APIRequest("GET", path, query: query)
        request.waits(wait)
        return try self.decode(type, try self.send(request))
    }

    private func change(
        _ method: String, _ key: Key, _ verb: String, wait: Duration?, body: [UInt8]? = nil
    ) throws(APIFailure) -> KeyDocument {
        var request = APIRequest(
            method, "/v1/keys/\(PercentEncoding.encode(key.text))\(verb)", body: body)
        request.waits(wait)
        return try self.decode(KeyDocument.self, try self.send(request))
    }

    private func decode<Document: Decodable>(
        _ type: Document.Type, _ bytes: [UInt8]
    ) throws(APIFailure) -> Document {
        do {
            return try JSONText.decode(type, from: bytes)
        } catch {
            throw self.garbled("\(error)")
        }
    }

    private static func encode(_ document: some Encodable) throws(APIFailure) -> [UInt8] {
        do {
            return try JSONText.encode(document)
        } catch {
            throw .badRequest(
                "cannot write the request", why: "\(error)", next: "correct the values given")
        }
    }

    // MARK: - Failures

    private func refusal(_ reply: APIReply) -> APIFailure {
        guard let document = try? JSONText.decode(ErrorDocument.self, from: reply.body) else {
            return self.garbled("an answer with status \(reply.status) and no error document")
        }
        return APIFailure(status: reply.status, document: document)
    }

    private func garbled(_ why: String) -> APIFailure {
        APIFailure(
            status: 502, what: "cannot understand the answer of the agent at \(self.socket)",
            why: why, next: "check that it is holdfastd, and of the same version",
            exit: .unavailable)
    }

    private func failure(_ error: any Error, _ request: APIRequest) -> APIFailure {
        let transport = error as? TransportFailure ?? .broken("\(error)")
        if case .connecting(let cause) = transport { return self.unreachable(cause) }
        if case .garbled(let why) = transport { return self.garbled(why) }
        if request.changesThings {
            return .outcomeUnknown(
                "cannot say what became of the request", why: transport.description)
        }
        return APIFailure(
            status: 502, what: "cannot get an answer from the agent at \(self.socket)",
            why: transport.description, next: "see whether holdfastd runs, then try again",
            exit: .unavailable)
    }

    private func unreachable(_ cause: any Error) -> APIFailure {
        let number = (cause as? IOError)?.errnoCode
        let why =
            switch number {
            case ENOENT: "there is no such socket"
            case ECONNREFUSED: "nobody listens there"
            case let number?: String(cString: strerror(number))
            case nil: "\(cause)"
            }
        return APIFailure(
            status: 502, what: "cannot reach the agent at \(self.socket)", why: why,
            next: "start holdfastd or 'holdfast dev', or name its socket with --socket",
            exit: number == EACCES ? .notPermitted : .unavailable)
    }
}

extension APIRequest {
    /// Asks to wait, and gives the answer as much more time.
    fileprivate mutating func waits(_ wait: Duration?) {
        guard let wait else { return }
        self.query.append(("wait", "\(wait.inSeconds)"))
        self.limit += wait
    }
}
