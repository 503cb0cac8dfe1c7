import HoldfastAPI
import HoldfastCore
import HoldfastSpec

/// A user who changes keys of their own, and remembers what was acknowledged.
///
/// Nobody else writes these keys; so what a quorum says of one must at any time be what this user
/// was last told.
struct LoadWorker: Sendable {
    enum Wanted: String, Sendable {
        case absent, stopped, running
    }

    struct Subject: Sendable {
        let key: Key
        let job: JobDocument
        var wanted: Wanted
    }

    struct Report: Sendable {
        var acknowledged = 0
        var unknown = 0
        var refused = 0
        var checks = 0
        var violations: [String] = []
        /// What each key must now be.
        var expected: [Key: Wanted] = [:]
    }

    private enum Verb: String {
        case run, apply, start, stop, restart, delete
    }

    private let clients: [APIClient]
    private var subjects: [Subject]
    private var chance: Chance
    private var report = Report()

    /// Longer than anything that was begun for a lost request may go on.
    private static let settlingTime = 1.0

    init(_ clients: [APIClient], _ keys: [(key: Key, job: JobDocument)], seed: UInt64) {
        self.clients = clients
        self.subjects = keys.map { Subject(key: $0.key, job: $0.job, wanted: .absent) }
        self.chance = Chance(seed: seed)
    }

    /// Goes on until the clock says so, then makes sure of every key.
    mutating func work(until end: Double) -> Report {
        while Instant.now() < end, self.report.violations.isEmpty {
            self.change(Int.random(in: 0..<self.subjects.count, using: &self.chance))
        }
        for subject in self.subjects { self.report.expected[subject.key] = subject.wanted }
        return self.report
    }

    private mutating func change(_ index: Int) {
        let subject = self.subjects[index]
        let verbs: [(Verb, Wanted)] =
            switch subject.wanted {
            case .absent: [(.run, .running), (.apply, .running)]
            case .stopped: [(.start, .running), (.delete, .absent)]
            case .running: [(.stop, .stopped), (.restart, .running), (.delete, .absent)]
            }
        let (verb, wanted) = verbs[Int.random(in: 0..<verbs.count, using: &self.chance)]
        let client = self.clients[Int.random(in: 0..<self.clients.count, using: &self.chance)]
        do {
            try Self.perform(verb, subject, client)
            self.report.acknowledged += 1
            self.subjects[index].wanted = wanted
            self.check(index, after: verb)
        } catch {
            self.failed(index, verb, wanted, error)
        }
    }

    private static func perform(
        _ verb: Verb, _ subject: Subject, _ client: APIClient
    ) throws(APIFailure) {
        switch verb {
        case .run: _ = try client.run(subject.key, subject.job, wait: nil)
        case .apply:
            let job = ApplyRequest.Job(key: subject.key.text, job: subject.job)
            let row = try client.apply(ApplyRequest(jobs: [job])).results.first
            guard row?.outcome == .created || row?.outcome == .changed else {
                throw .outcomeUnknown("cannot apply", why: row?.error ?? "no row")
            }
        case .start: _ = try client.start(subject.key, wait: nil)
        case .stop: _ = try client.stop(subject.key, wait: nil)
        case .restart: _ = try client.restart(subject.key, wait: nil)
        case .delete: _ = try client.delete(subject.key)
        }
    }

    /// A change that was not acknowledged: it happened, or it did not, but nothing else did.
    private mutating func failed(
        _ index: Int, _ verb: Verb, _ wanted: Wanted, _ failure: APIFailure
    ) {
        let before = self.subjects[index].wanted
        if failure.status == 404, before != .absent {
            self.violate(index, "\(verb) says that it does not exist, and it was \(before)")
            return
        }
        if failure.status == 503 {
            self.report.refused += 1
        } else {
            self.report.unknown += 1
        }
        Instant.pause(Self.settlingTime)
        guard let now = self.look(index) else { return }
        guard now == before || now == wanted else {
            self.violate(index, "\(now) after an unknown \(verb) of what was \(before)")
            return
        }
        if failure.status == 503, now != before {
            self.violate(index, "'nothing was changed' by \(verb), and it is \(now)")
        }
        self.subjects[index].wanted = now
    }

    /// P4, P8: what was acknowledged is seen at once, by every host.
    private mutating func check(_ index: Int, after verb: Verb) {
        let client = self.clients[Int.random(in: 0..<self.clients.count, using: &self.chance)]
        guard let now = Self.wanted(self.subjects[index].key, client) else { return }
        self.report.checks += 1
        guard now != self.subjects[index].wanted else { return }
        self.violate(
            index, "\(verb) made it \(self.subjects[index].wanted), and a quorum says \(now)")
    }

    /// What a quorum says, asked until it answers.
    private mutating func look(_ index: Int) -> Wanted? {
        let end = Instant.now() + 20
        while Instant.now() < end {
            for client in self.clients {
                if let found = Self.wanted(self.subjects[index].key, client) { return found }
            }
            Instant.pause(0.05)
        }
        self.violate(index, "no host answers for 20 s")
        return nil
    }

    /// - Returns: `nil` when this host cannot say.
    static func wanted(_ key: Key, _ client: APIClient) -> Wanted? {
        do {
            let document = try client.whereis(key, WhereisQuestion())
            switch document.wanted {
            case .absent: return .absent
            case .stopped: return .stopped
            case .running: return .running
            }
        } catch {
            return error.status == 404 ? .absent : nil
        }
    }

    private mutating func violate(_ index: Int, _ text: String) {
        self.report.violations.append("'\(self.subjects[index].key)': \(text)")
    }
}
