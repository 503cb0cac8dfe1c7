package import HoldfastAPI
package import HoldfastCore
package import HoldfastJobs
internal import HoldfastSpec

/// A host in memory, with one event for each change: the only thing in these tests that is not real.
package final class TestBackend: HostBackend {
    package static let at = "2026-07-01T12:00:00.000Z"

    package private(set) var documents: [String: KeyDocument] = [:]
    package private(set) var eventSubscribers: [Int: Subscriber<EventDocument>] = [:]
    package private(set) var logSubscribers: [Int: Subscriber<[UInt8]>] = [:]
    package private(set) var questions: [WhereisQuestion] = []
    private var events: [EventDocument] = []
    private var nextSubscriber = 0
    private var token: UInt64 = 0
    package var hasQuorum = true
    package var isSilent = false
    package var logLine = Array("a line\n".utf8)

    package init() {}

    package func whereis(
        _ key: Key, _ question: WhereisQuestion, _ answer: @escaping Answer<KeyDocument>
    ) {
        self.questions.append(question)
        guard !self.isSilent else { return }
        guard self.hasQuorum || question.stale else {
            return answer(.failure(.noQuorum("cannot look for '\(key)'", have: 1, of: 3)))
        }
        guard var document = self.documents[key.text] else {
            return answer(.failure(.unknownKey(key)))
        }
        document.basis = question.stale ? .cache : .chosen
        answer(.success(document))
    }

    package func list(_ answer: @escaping Answer<KeyList>) {
        let keys = self.documents.values.sorted { $0.key < $1.key }
        answer(.success(KeyList(keys: keys)))
    }

    package func hosts(_ answer: @escaping Answer<HostList>) {
        let hosts = [
            HostDocument(
                host: "h1", state: .up, epoch: 3, labels: ["zone": "eu"],
                address: "127.0.0.1:7411", isSelf: true, lastHeardIn: 0, running: 1),
            HostDocument(
                host: "h2", state: .gone, address: "127.0.0.1:7412", isSelf: false, running: 0),
        ]
        answer(.success(HostList(hosts: hosts)))
    }

    package func status(_ answer: @escaping Answer<StatusDocument>) {
        let quorum = StatusDocument.Quorum(
            have: self.hasQuorum ? 3 : 1, need: 2, of: 3, ok: self.hasQuorum)
        answer(
            .success(
                StatusDocument(
                    cluster: "dev", clusterID: nil, host: "h1", version: "0", quorum: quorum,
                    session: .init(epoch: 3, state: "open", leaseLeft: 4.5), containment: "cgroup",
                    users: "any", warnings: ["a warning"], jobs: .init(running: 1),
                    summary: self.hasQuorum ? "3 of 3 hosts; 1 job runs" : "no quorum: 1 of 3")))
    }

    package func apply(_ jobs: [(Key, JobSpec)], _ answer: @escaping Answer<ApplyResult>) {
        answer(
            .success(
                ApplyResult(
                    results: jobs.map { key, job in
                        let isNew = self.documents[key.text] == nil
                        self.begin(key, job)
                        return .init(key: key.text, outcome: isNew ? .created : .unchanged)
                    })))
    }

    package func run(
        _ key: Key, _ job: JobSpec, wait: Duration?, _ answer: @escaping Answer<KeyDocument>
    ) {
        answer(.success(self.documents[key.text] ?? self.begin(key, job)))
    }

    package func delete(_ key: Key, _ answer: @escaping Answer<KeyDocument>) {
        guard var document = self.documents.removeValue(forKey: key.text) else {
            return answer(.failure(.unknownKey(key)))
        }
        document.wanted = .absent
        answer(.success(document))
    }

    package func start(_ key: Key, wait: Duration?, _ answer: @escaping Answer<KeyDocument>) {
        self.change(key, answer) { $0.state = .running }
    }

    package func stop(_ key: Key, wait: Duration?, _ answer: @escaping Answer<KeyDocument>) {
        self.change(key, answer) {
            ($0.state, $0.wanted, $0.host, $0.pid) = (.stopped, .stopped, nil, nil)
        }
    }

    package func restart(_ key: Key, wait: Duration?, _ answer: @escaping Answer<KeyDocument>) {
        guard !self.isSilent else { return }
        self.change(key, answer) { $0.restarts += 1 }
    }

    package func events(
        since: UInt64?, follow: Bool, _ subscriber: @escaping Subscriber<EventDocument>
    ) -> Cancellation {
        subscriber(.opened)
        if since != nil || !follow {
            for event in self.events where event.index > since ?? 0 { subscriber(.element(event)) }
        }
        guard follow else {
            subscriber(.ended(nil))
            return {}
        }
        let number = self.nextSubscriber
        self.nextSubscriber += 1
        self.eventSubscribers[number] = subscriber
        return { self.eventSubscribers[number] = nil }
    }

    package func logs(
        _ key: Key, lines: Int, follow: Bool, _ subscriber: @escaping Subscriber<[UInt8]>
    ) -> Cancellation {
        guard self.documents[key.text] != nil else {
            subscriber(.ended(.unknownKey(key)))
            return {}
        }
        subscriber(.opened)
        for _ in 0..<lines { subscriber(.element(self.logLine)) }
        guard follow else {
            subscriber(.ended(nil))
            return {}
        }
        let number = self.nextSubscriber
        self.nextSubscriber += 1
        self.logSubscribers[number] = subscriber
        return { self.logSubscribers[number] = nil }
    }

    // MARK: - The test's own side

    package func emit(_ text: String) {
        let event = EventDocument(
            index: UInt64(self.events.count) + 1, at: Self.at, kind: "test", text: text)
        self.events.append(event)
        for (_, subscriber) in self.eventSubscribers.sorted(by: { $0.key < $1.key }) {
            subscriber(.element(event))
        }
    }

    package func write(_ bytes: [UInt8]) {
        for subscriber in self.logSubscribers.values { subscriber(.element(bytes)) }
    }

    package func endLogs(_ failure: APIFailure?) {
        let subscribers = self.logSubscribers.values
        self.logSubscribers = [:]
        for subscriber in subscribers { subscriber(.ended(failure)) }
    }

    package func set(_ document: KeyDocument) {
        self.documents[document.key] = document
    }

    @discardableResult
    private func begin(_ key: Key, _ job: JobSpec) -> KeyDocument {
        self.token += 1
        let document = KeyDocument(
            key: key.text, state: .running, host: "h1", pid: 4121, token: self.token,
            session: "h1/3", since: Self.at, leaseLeft: 4.5, basis: .chosen,
            job: JobDocument(job), wanted: .running)
        self.documents[key.text] = document
        self.emit("\(key) started")
        return document
    }

    private func change(
        _ key: Key, _ answer: Answer<KeyDocument>, _ body: (inout KeyDocument) -> Void
    ) {
        guard var document = self.documents[key.text] else {
            return answer(.failure(.unknownKey(key)))
        }
        body(&document)
        self.documents[key.text] = document
        answer(.success(document))
    }
}
