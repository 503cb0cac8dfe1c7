internal import HoldfastCore
internal import HoldfastJobs
internal import HoldfastSpec
internal import NIOCore

/// Carries one request to the backend and its answer back.
struct APIDispatch {
    static let json = "application/json"
    static let text = "text/plain; charset=utf-8"
    static let eventStream = "text/event-stream"

    let connection: APIConnection
    let number: UInt64

    private var backend: any HostBackend { self.connection.server.backend }

    func perform(_ call: APICall, _ body: ByteBuffer) {
        switch call {
        case .keys: self.backend.list(self.reply())
        case .key(let key, let question): self.backend.whereis(key, question, self.reply())
        case .delete(let key): self.backend.delete(key, self.reply())
        case .start(let key, let wait): self.backend.start(key, wait: wait, self.reply())
        case .stop(let key, let wait): self.backend.stop(key, wait: wait, self.reply())
        case .restart(let key, let wait): self.backend.restart(key, wait: wait, self.reply())
        case .run(let key, let wait): self.run(key, wait: wait, body)
        case .apply: self.apply(body)
        case .hosts: self.backend.hosts(self.reply())
        case .status: self.backend.status(self.reply())
        case .events(let since, let follow): self.events(since: since, follow: follow)
        case .logs(let key, let lines, let follow): self.logs(key, lines: lines, follow: follow)
        case .health: self.send(status: 200, Array("ok\n".utf8), type: Self.text)
        case .readiness: self.readiness()
        }
    }

    // MARK: - Changes with a body

    private func run(_ key: Key, wait: Duration?, _ body: ByteBuffer) {
        do throws(APIFailure) {
            let document = try self.read(JobDocument.self, body)
            let job = try self.check(document, place: "")
            self.backend.run(key, job, wait: wait, self.reply())
        } catch {
            self.fail(error)
        }
    }

    private func apply(_ body: ByteBuffer) {
        do throws(APIFailure) {
            let request = try self.read(ApplyRequest.self, body)
            var jobs: [(Key, JobSpec)] = []
            var seen: Set<Key> = []
            guard request.jobs.count <= Limits.jobsPerFile else {
                throw Self.mistake("jobs", "there are more than \(Limits.jobsPerFile)")
            }
            for (index, row) in request.jobs.enumerated() {
                let place = "jobs[\(index)]"
                let key = try self.key(row.key, place: place)
                guard seen.insert(key).inserted else {
                    throw Self.mistake(place, "'\(key)' is there twice")
                }
                jobs.append((key, try self.check(row.job, place: "\(place).job")))
            }
            self.backend.apply(jobs, self.reply())
        } catch {
            self.fail(error)
        }
    }

    private func read<Document: Decodable>(
        _ type: Document.Type, _ body: ByteBuffer
    ) throws(APIFailure) -> Document {
        do {
            return try JSONText.decode(type, from: body.readableBytesView)
        } catch {
            throw Self.mistake(error.place, error.reason)
        }
    }

    private func key(_ text: String, place: String) throws(APIFailure) -> Key {
        do {
            return try Key(text)
        } catch {
            throw Self.mistake("\(place).key", error.reason)
        }
    }

    private func check(_ document: JobDocument, place: String) throws(APIFailure) -> JobSpec {
        do {
            return try document.spec()
        } catch {
            throw Self.mistake(place, error.why)
        }
    }

    private static func mistake(_ place: String, _ reason: String) -> APIFailure {
        .badRequest(
            "cannot take the body of this request",
            why: place.isEmpty ? reason : "\(place): \(reason)",
            next: "correct the JSON; nothing was changed")
    }

    // MARK: - Streams

    private func events(since: UInt64?, follow: Bool) {
        guard follow else { return self.eventList(since: since) }
        self.stream(type: Self.eventStream) { subscriber in
            self.backend.events(since: since, follow: true, subscriber)
        } encode: { event in
            guard let data = try? JSONText.encode(event) else { return [] }
            return Array("id: \(event.index)\ndata: ".utf8) + data + Array("\n\n".utf8)
        }
    }

    private func eventList(since: UInt64?) {
        var events: [EventDocument] = []
        let limit = self.connection.server.limits.eventsPerAnswer
        let cancel = self.backend.events(since: since, follow: false) { signal in
            switch signal {
            case .opened: break
            case .element(let event):
                events.append(event)
                // Cut seldom, or each event beyond the limit would move all the others.
                if events.count >= 2 * limit { events.removeFirst(limit) }
            case .ended(nil):
                self.send(.success(EventList(events: Array(events.suffix(limit)))))
            case .ended(let failure?): self.fail(failure)
            }
        }
        self.connection.onReaderGone(self.number, cancel)
    }

    private func logs(_ key: Key, lines: Int, follow: Bool) {
        self.stream(type: Self.text) { subscriber in
            self.backend.logs(key, lines: lines, follow: follow, subscriber)
        } encode: {
            $0
        }
    }

    private func stream<Element>(
        type: String, subscribe: (@escaping Subscriber<Element>) -> Cancellation,
        encode: @escaping (Element) -> [UInt8]
    ) {
        let (connection, number) = (self.connection, self.number)
        var isOpen = false
        func open() {
            guard !isOpen else { return }
            isOpen = true
            connection.beginStream(number, type: type)
        }
        let cancel = subscribe { signal in
            switch signal {
            case .opened: open()
            case .element(let element):
                open()
                connection.send(number, encode(element))
            case .ended(let failure?) where !isOpen: self.fail(failure)
            case .ended(let failure):
                open()
                connection.endStream(number, isCutShort: failure != nil)
            }
        }
        connection.onReaderGone(number, cancel)
    }

    // MARK: - Answers

    private func readiness() {
        self.backend.status { result in
            switch result {
            case .success(let status):
                self.send(
                    status: status.quorum.ok ? 200 : 503, Array("\(status.summary)\n".utf8),
                    type: Self.text)
            case .failure(let failure): self.fail(failure)
            }
        }
    }

    private func reply<Document: Encodable>() -> Answer<Document> {
        { self.send($0) }
    }

    private func send(_ result: Result<some Encodable, APIFailure>) {
        switch result {
        case .success(let document):
            do {
                self.send(status: 200, try JSONText.encode(document), type: Self.json)
            } catch {
                self.fail(
                    APIFailure(
                        status: 500, what: "cannot write the answer", why: "\(error)",
                        next: "report this as a defect", exit: .software))
            }
        case .failure(let failure):
            self.fail(failure)
        }
    }

    private func fail(_ failure: APIFailure) {
        // An error document holds text and a whole number: there is nothing JSON can't hold.
        let bytes = (try? JSONText.encode(failure.document)) ?? []
        self.send(status: failure.status, bytes, type: Self.json)
    }

    private func send(status: Int, _ bytes: [UInt8], type: String) {
        self.connection.answer(self.number, status: status, bytes, type: type)
    }
}
