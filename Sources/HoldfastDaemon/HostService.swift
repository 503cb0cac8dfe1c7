package import HoldfastAPI
package import HoldfastCore
package import HoldfastJobs
import HoldfastNode
import HoldfastPaxos
import HoldfastSpec
import NIOCore

/// Answers the API from the node: questions become reads and changes, waits become looks at
/// every event of the key.
///
/// Confined to the loop of its driver.
package final class HostService: HostBackend {
    package struct Facts: Sendable {
        package var host: HostName
        package var hosts: [HostName]
        package var clusterName: String
        package var version: String
        package var users: String
        /// Said in every status.
        package var warnings: [String]
        package var fence: Duration
        package var heartbeat: Duration
        /// Addresses of all hosts, for people.
        package var addresses: [HostName: String]

        package init(
            host: HostName, hosts: [HostName], clusterName: String, version: String,
            users: String, warnings: [String], fence: Duration, heartbeat: Duration,
            addresses: [HostName: String]
        ) {
            self.host = host
            self.hosts = hosts
            self.clusterName = clusterName
            self.version = version
            self.users = users
            self.warnings = warnings
            self.fence = fence
            self.heartbeat = heartbeat
            self.addresses = addresses
        }
    }

    let driver: HostDriver
    let facts: Facts
    private let relay: LogRelay
    private var waits: [UInt64: Wait] = [:]
    private var lastWait: UInt64 = 0

    /// Somebody waits for a key to be as they want it.
    private struct Wait {
        let key: Key
        let isDone: (KeyDocument) -> Bool
        let answer: Answer<KeyDocument>
        let timer: Scheduled<Void>
    }

    /// How long the first use of an on-demand key waits for it, where the caller does not say.
    private static let startPatience = Duration.seconds(20)
    /// Jobs of one file that are under way at once.
    private static let applyWidth = 128
    /// More wait no longer: who has gone away again is not known here before the time is over.
    package static let waitLimit = 4096

    package init(driver: HostDriver, facts: Facts, relay: LogRelay) {
        self.driver = driver
        self.facts = facts
        self.relay = relay
        // Never ended: the service lives as long as the process.
        _ = driver.events.subscribe { [weak self] entry in
            guard let key = entry.event.key else { return }
            self?.reconsider(key)
        }
    }

    // MARK: Looking

    var describer: KeyDescriber {
        KeyDescriber(
            node: self.driver.node, host: self.facts.host, now: HostDriver.now(),
            fence: self.facts.fence)
    }

    package func whereis(
        _ key: Key, _ question: WhereisQuestion, _ answer: @escaping Answer<KeyDocument>
    ) {
        if question.stale {
            let record = self.driver.node.knowledge.keys[key]?.record
            guard record?.job != nil || record?.holder != nil else {
                answer(.failure(.unknownKey(key)))
                return
            }
            answer(.success(self.describer.describe(key, record, basis: .cache)))
            return
        }
        self.driver.ask(.read(key)) { response in
            self.found(key, question, response, answer)
        }
    }

    private func found(
        _ key: Key, _ question: WhereisQuestion, _ response: NodeResponse,
        _ answer: @escaping Answer<KeyDocument>
    ) {
        guard case .chosen(let record) = response else {
            answer(.failure(self.failure("cannot tell where '\(key)' is", response)))
            return
        }
        guard let record, record.job != nil || record.holder != nil else {
            answer(.failure(.unknownKey(key)))
            return
        }
        let isStartable = record.job?.spec.start == .onDemand && !record.isRunWanted
        if question.start, isStartable {
            self.driver.ask(.change(key, .start)) { response in
                self.settled(
                    key, response, "start", wait: question.wait ?? Self.startPatience,
                    until: Self.isRunning, answer)
            }
            return
        }
        let isComing = question.start && record.job?.spec.start == .onDemand
        self.wait(
            for: key, within: question.wait ?? (isComing ? Self.startPatience : nil),
            until: Self.isRunning, record, answer)
    }

    private static func isRunning(_ document: KeyDocument) -> Bool {
        document.state == .running || document.state == .failed || document.state == .finished
    }

    package func list(_ answer: @escaping Answer<KeyList>) {
        let describer = self.describer
        let keys = self.driver.node.knowledge.keys
            .filter { $0.value.record.job != nil || $0.value.record.holder != nil }
            .sorted { $0.key < $1.key }
        answer(
            .success(
                KeyList(
                    keys: keys.map { describer.describe($0.key, $0.value.record, basis: .cache) })
            ))
    }

    // MARK: Changing

    package func apply(
        _ jobs: [(Key, JobSpec)], _ answer: @escaping Answer<ApplyResult>
    ) {
        let run = ApplyRun(jobs: jobs, driver: self.driver, width: Self.applyWidth) { rows in
            answer(.success(ApplyResult(results: rows)))
        }
        run.start()
    }

    package func run(
        _ key: Key, _ job: JobSpec, wait: Duration?, _ answer: @escaping Answer<KeyDocument>
    ) {
        self.driver.ask(.change(key, .run(job))) { response in
            if case .refused(.running, let record) = response {
                answer(.success(self.describer.describe(key, record, basis: .chosen)))
                return
            }
            self.settled(key, response, "run", wait: wait, until: Self.isRunning, answer)
        }
    }

    package func delete(_ key: Key, _ answer: @escaping Answer<KeyDocument>) {
        let grace =
            self.driver.node.knowledge.keys[key]?.record.job?.spec.stop.grace ?? .seconds(10)
        self.driver.ask(.change(key, .remove)) { response in
            self.settled(
                key, response, "delete", wait: grace + .seconds(5), until: { $0.host == nil },
                answer)
        }
    }

    package func start(_ key: Key, wait: Duration?, _ answer: @escaping Answer<KeyDocument>) {
        self.driver.ask(.change(key, .start)) { response in
            self.settled(key, response, "start", wait: wait, until: Self.isRunning, answer)
        }
    }

    package func stop(_ key: Key, wait: Duration?, _ answer: @escaping Answer<KeyDocument>) {
        self.driver.ask(.change(key, .stop)) { response in
            self.settled(key, response, "stop", wait: wait, until: { $0.host == nil }, answer)
        }
    }

    package func restart(_ key: Key, wait: Duration?, _ answer: @escaping Answer<KeyDocument>) {
        self.driver.ask(.change(key, .restart)) { response in
            self.settled(key, response, "restart", wait: wait, until: Self.isRunning, answer)
        }
    }

    /// A change has its outcome: waits for what should follow from it.
    private func settled(
        _ key: Key, _ response: NodeResponse, _ verb: String, wait: Duration?,
        until isDone: @escaping (KeyDocument) -> Bool, _ answer: @escaping Answer<KeyDocument>
    ) {
        switch response {
        case .chosen(let record), .refused(.already, let record),
            .refused(.running, let record):
            self.wait(for: key, within: wait, until: isDone, record, answer)
        case .refused(.unknownKey, _): answer(.failure(.unknownKey(key)))
        case .refused, .unknown, .noQuorum:
            answer(.failure(self.failure("cannot \(verb) '\(key)'", response)))
        }
    }

    func failure(_ what: String, _ response: NodeResponse) -> APIFailure {
        switch response {
        case .noQuorum:
            let quorum = self.driver.node.quorum
            if self.driver.node.status(at: HostDriver.now()).session == .forming {
                return APIFailure(
                    status: 503, what: what,
                    why: "the cluster is not formed yet: not all of its "
                        + "\(self.facts.hosts.count) hosts have been seen",
                    next: "start the missing hosts; nothing was changed", exit: .unavailable)
            }
            return .noQuorum(what, have: quorum.have, of: quorum.of)
        case .unknown, .chosen, .refused:
            return .outcomeUnknown(
                what, why: "no quorum confirmed it in time, and it may yet come true")
        }
    }

    // MARK: Waiting

    private func wait(
        for key: Key, within span: Duration?, until isDone: @escaping (KeyDocument) -> Bool,
        _ record: KeyRecord?, _ answer: @escaping Answer<KeyDocument>
    ) {
        let document = self.describer.describe(key, record, basis: .chosen)
        guard let span, span > .zero, !isDone(document), self.waits.count < Self.waitLimit else {
            answer(.success(document))
            return
        }
        self.lastWait += 1
        let id = self.lastWait
        let bound = NIOLoopBound(self, eventLoop: self.driver.loop)
        let timer = self.driver.loop.scheduleTask(
            in: .nanoseconds(min(span, .seconds(86_400)).wholeNanoseconds)
        ) {
            guard let wait = bound.value.waits.removeValue(forKey: id) else { return }
            wait.answer(.success(bound.value.current(key)))
        }
        self.waits[id] = Wait(key: key, isDone: isDone, answer: answer, timer: timer)
        // What is known may be newer than `record`, and nothing more may happen to the key.
        self.driver.loop.execute { bound.value.reconsider(id, bound.value.current(key)) }
    }

    private func current(_ key: Key) -> KeyDocument {
        self.describer.describe(
            key, self.driver.node.knowledge.keys[key]?.record, basis: .chosen)
    }

    private func reconsider(_ key: Key) {
        guard !self.waits.isEmpty else { return }
        // The node is still in the step that changed the record.
        let bound = NIOLoopBound(self, eventLoop: self.driver.loop)
        self.driver.loop.execute {
            let service = bound.value
            let waiting = service.waits.filter { $0.value.key == key }
            guard !waiting.isEmpty else { return }
            let document = service.current(key)
            for id in waiting.keys.sorted() { service.reconsider(id, document) }
        }
    }

    private func reconsider(_ id: UInt64, _ document: KeyDocument) {
        guard let wait = self.waits[id], wait.isDone(document) else { return }
        self.waits[id] = nil
        wait.timer.cancel()
        wait.answer(.success(document))
    }

    // MARK: Streams

    package func events(
        since: UInt64?, follow: Bool, _ subscriber: @escaping Subscriber<EventDocument>
    ) -> Cancellation {
        subscriber(.opened)
        if since != nil || !follow {
            for entry in self.driver.events.entries(above: since ?? 0) {
                subscriber(.element(Self.document(entry)))
            }
        }
        guard follow else {
            subscriber(.ended(nil))
            return {}
        }
        return self.driver.events.subscribe { subscriber(.element(Self.document($0))) }
    }

    private static func document(_ entry: EventLog.Entry) -> EventDocument {
        EventDocument(
            index: entry.index, at: Timestamp.text(entry.at), kind: entry.event.kind.rawValue,
            key: entry.event.key?.text, host: entry.event.host?.text, token: entry.event.token,
            text: entry.event.text)
    }

    package func logs(
        _ key: Key, lines: Int, follow: Bool, _ subscriber: @escaping Subscriber<[UInt8]>
    ) -> Cancellation {
        let record = self.driver.node.knowledge.keys[key]?.record
        guard let record, record.job != nil || record.holder != nil else {
            subscriber(.ended(.unknownKey(key)))
            return {}
        }
        guard let source = record.holder?.session.host ?? record.last?.session.host else {
            subscriber(.opened)
            subscriber(.ended(nil))
            return {}
        }
        return self.relay.read(key, from: source, lines: lines, follow: follow, subscriber)
    }
}
