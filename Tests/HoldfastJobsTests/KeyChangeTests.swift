import HoldfastCore
import HoldfastJobs
import Testing

/// The lifecycle of a key: what is there, what is asked, what is written.
@Suite("KeyChange")
struct KeyChangeTests {
    private typealias Make = Fixture

    struct Row: Sendable, CustomTestStringConvertible {
        var title: String
        var before: KeyRecord?
        var change: KeyChange
        var counter: UInt64 = 100
        /// Sessions that are chosen closed.
        var closed: Set<SessionID> = []
        var result: KeyChange.Result
        var testDescription: String { self.title }
    }

    private static let request = Nonce(high: 9, low: 9)
    private static let claim = KeyChange.claim(
        session: Fixture.session("b", 2), nonce: Fixture.nonce(2), at: Fixture.time(500))

    @Test("does what the table says", arguments: claims + ends + wishes + declarations)
    func applies(row: Row) {
        let result = row.change.apply(
            to: row.before, counter: row.counter, isClosed: { row.closed.contains($0) })
        #expect(result == row.result)
    }

    // MARK: C1, P12

    static let claims: [Row] = [
        Row(
            title: "C1: a vacant key that is wanted is claimed under the ballot's counter",
            before: Fixture.declared(token: 7), change: claim,
            result: .write(
                Fixture.declared(token: 100) {
                    $0.holder = Fixture.holder("b", 2, nonce: 2, since: 500)
                })),
        Row(
            title: "C1: a key nobody declared is not claimed", before: nil, change: claim,
            result: .keep(.notWanted)),
        Row(
            title: "C1: a key that is not wanted is not claimed",
            before: Fixture.declared { $0.job?.isWanted = false }, change: claim,
            result: .keep(.notWanted)),
        Row(
            title: "C1: a key that has finished is not claimed",
            before: Fixture.declared { $0.rest = .finished }, change: claim,
            result: .keep(.notWanted)),
        Row(
            title: "C1: a key that was given up is not claimed",
            before: Fixture.declared { $0.rest = .gaveUp }, change: claim,
            result: .keep(.notWanted)),
        Row(
            title: "C1: a holder that is not known to be closed keeps it",
            before: Fixture.held(token: 7), change: claim, result: .keep(.held)),
        Row(
            title: "C1: not even one's own session claims it twice",
            before: Fixture.held(token: 7, host: "b", epoch: 2), change: claim,
            result: .keep(.held)),
        Row(
            title: "C1: a session that is itself closed claims nothing",
            before: Fixture.declared(), change: claim, closed: [Fixture.session("b", 2)],
            result: .keep(.held)),
        Row(
            title: "C1: a holder whose session is chosen closed gives way, and is recorded as lost",
            before: Fixture.held(token: 7), change: claim, closed: [Fixture.session("a", 1)],
            result: .write(
                Fixture.declared(token: 100) {
                    $0.holder = Fixture.holder("b", 2, nonce: 2, since: 500)
                    $0.last = Fixture.ending(7, .lost, .fenced, at: 500, ran: .milliseconds(400))
                })),
        Row(
            title: "C1: at most one run was asked for: lost, and not claimed again",
            before: Fixture.held(token: 7) { $0.job?.spec.restart.condition = .never },
            change: claim, closed: [Fixture.session("a", 1)],
            result: .write(
                Fixture.declared(token: 7) {
                    $0.job?.spec.restart.condition = .never
                    $0.rest = .finished
                    $0.last = Fixture.ending(7, .lost, .fenced, at: 500, ran: .milliseconds(400))
                })),
        Row(
            title: "P12: a counter equal to the token is too low",
            before: Fixture.declared(token: 100), change: claim,
            result: .needsCounter(above: 100)),
        Row(
            title: "P12: a counter below the token is too low",
            before: Fixture.declared(token: 101), change: claim,
            result: .needsCounter(above: 101)),
        Row(
            title: "C1: a closed holder of a key that is no longer wanted is only recorded",
            before: Fixture.held(token: 7) { $0.job?.isWanted = false },
            change: .reap(at: Fixture.time(500)), closed: [Fixture.session("a", 1)],
            result: .write(
                Fixture.declared(token: 7) {
                    $0.job?.isWanted = false
                    $0.last = Fixture.ending(7, .lost, .fenced, at: 500, ran: .milliseconds(400))
                })),
        Row(
            title: "C1: nobody reaps a holder that is not known to be closed",
            before: Fixture.held(token: 7), change: .reap(at: Fixture.time(500)),
            result: .keep(.held)),
        Row(
            title: "a vacant key has nothing to reap", before: Fixture.declared(),
            change: .reap(at: Fixture.time(500)), result: .keep(.already)),
    ]

    // MARK: started, vacate

    static let ends: [Row] = [
        Row(
            title: "P12: an identity of the holder keeps the token: it only started",
            before: Fixture.held(token: 7),
            change: .started(nonce: Fixture.nonce(1), processID: 44, at: Fixture.time(200)),
            result: .write(
                Fixture.held(token: 7) {
                    $0.holder?.phase = .running(processID: 44)
                    $0.holder?.since = Fixture.time(200)
                })),
        Row(
            title: "a start of another holding is not recorded", before: Fixture.held(token: 7),
            change: .started(nonce: Fixture.nonce(5), processID: 44, at: Fixture.time(200)),
            result: .keep(.already)),
        Row(
            title: "a second start of one holding is not recorded",
            before: Fixture.held(token: 7) { $0.holder?.phase = .running(processID: 44) },
            change: .started(nonce: Fixture.nonce(1), processID: 45, at: Fixture.time(200)),
            result: .keep(.already)),
        Row(
            title: "C8: a vacancy is conditional on the nonce of the holding",
            before: Fixture.held(token: 7),
            change: .vacate(nonce: Fixture.nonce(5), Fixture.vacancy(.exited(code: 0))),
            result: .keep(.already)),
        Row(
            title: "C8: nothing is vacated twice", before: Fixture.declared(token: 7),
            change: .vacate(nonce: Fixture.nonce(1), Fixture.vacancy(.exited(code: 0))),
            result: .keep(.already)),
        Row(
            title: "P12: a vacancy keeps the token, and its key without a declaration only ends",
            before: Fixture.held(token: 7) { $0.job = nil },
            change: .vacate(nonce: Fixture.nonce(1), Fixture.vacancy(.exited(code: 3))),
            result: .write(
                Fixture.declared(token: 7) {
                    $0.job = nil
                    $0.last = Fixture.ending(7, .exited(code: 3), .itself)
                })),
    ]

    // MARK: start, stop, restart, remove

    static let wishes: [Row] = [
        Row(
            title: "start: unknown", before: nil, change: .start(request: request),
            result: .keep(.unknownKey)),
        Row(
            title: "stop: unknown", before: nil, change: .stop(request: request),
            result: .keep(.unknownKey)),
        Row(
            title: "restart: unknown", before: nil, change: .restart(request: request),
            result: .keep(.unknownKey)),
        Row(
            title: "remove: unknown", before: nil, change: .remove(request: request),
            result: .keep(.unknownKey)),
        Row(
            title: "start: what is wanted already", before: Fixture.declared(),
            change: .start(request: request), result: .keep(.already)),
        Row(
            title: "start: what is not wanted",
            before: Fixture.declared { $0.job?.isWanted = false },
            change: .start(request: request),
            result: .write(Fixture.declared { $0.lastRequest = request })),
        Row(
            title: "start: what was given up begins with a clean slate",
            before: Fixture.declared {
                $0.rest = .gaveUp
                $0.restarts = 9
                $0.delay = .seconds(60)
                $0.recentEnds = [Fixture.time(1)]
            },
            change: .start(request: request),
            result: .write(Fixture.declared { $0.lastRequest = request })),
        Row(
            title: "start: what waits out its delay runs at once",
            before: Fixture.declared { $0.delay = .seconds(60) },
            change: .start(request: request),
            result: .write(Fixture.declared { $0.lastRequest = request })),
        Row(
            title: "stop: the holder is left to its host", before: Fixture.held(token: 7),
            change: .stop(request: request),
            result: .write(
                Fixture.held(token: 7) {
                    $0.job?.isWanted = false
                    $0.lastRequest = request
                })),
        Row(
            title: "stop: what is not wanted",
            before: Fixture.declared { $0.job?.isWanted = false },
            change: .stop(request: request), result: .keep(.already)),
        Row(
            title: "restart: the holder becomes one of an older generation",
            before: Fixture.held(token: 7), change: .restart(request: request),
            result: .write(
                Fixture.held(token: 7) {
                    $0.job?.generation = 2
                    $0.lastRequest = request
                })),
        Row(
            title: "remove: the holder is left to its host", before: Fixture.held(token: 7),
            change: .remove(request: request),
            result: .write(
                Fixture.held(token: 7) {
                    $0.job = nil
                    $0.lastRequest = request
                })),
    ]

    // MARK: declare, run

    static let declarations: [Row] = [
        Row(
            title: "declare: a new key is wanted", before: nil,
            change: .declare(Fixture.spec, request: request),
            result: .write(Fixture.declared { $0.lastRequest = request })),
        Row(
            title: "declare: on demand, a new key is not wanted", before: nil,
            change: .declare(Fixture.onDemand, request: request),
            result: .write(
                Fixture.declared {
                    $0.job?.spec = Fixture.onDemand
                    $0.job?.isWanted = false
                    $0.lastRequest = request
                })),
        Row(
            title: "declare: the same again changes nothing", before: Fixture.held(token: 7),
            change: .declare(Fixture.spec, request: request), result: .keep(.already)),
        Row(
            title: "declare: another spec is another generation", before: Fixture.held(token: 7),
            change: .declare(Fixture.other, request: request),
            result: .write(
                Fixture.held(token: 7) {
                    $0.job?.spec = Fixture.other
                    $0.job?.generation = 2
                    $0.lastRequest = request
                })),
        Row(
            title: "declare: what was stopped stays stopped",
            before: Fixture.declared { $0.job?.isWanted = false },
            change: .declare(Fixture.other, request: request),
            result: .write(
                Fixture.declared {
                    $0.job?.spec = Fixture.other
                    $0.job?.isWanted = false
                    $0.job?.generation = 2
                    $0.lastRequest = request
                })),
        Row(
            title: "declare: over a removed key that still runs, its run is of an older generation",
            before: Fixture.held(token: 7) { $0.job = nil },
            change: .declare(Fixture.spec, request: request),
            result: .write(
                Fixture.held(token: 7) {
                    $0.job?.generation = 2
                    $0.lastRequest = request
                })),
        Row(
            title: "declare: a key that `run` made becomes one of a file",
            before: Fixture.held(token: 7) { $0.job?.isTransient = true },
            change: .declare(Fixture.spec, request: request),
            result: .write(Fixture.held(token: 7) { $0.lastRequest = request })),
        Row(
            title: "run: refused while it runs", before: Fixture.held(token: 7),
            change: .run(Fixture.other, request: request), result: .keep(.running)),
        Row(
            title: "run: a new key is wanted even on demand", before: nil,
            change: .run(Fixture.onDemand, request: request),
            result: .write(
                Fixture.declared {
                    $0.job?.spec = Fixture.onDemand
                    $0.job?.isTransient = true
                    $0.lastRequest = request
                })),
        Row(
            title: "run: the same again changes nothing before it is claimed",
            before: Fixture.declared { $0.job?.isTransient = true },
            change: .run(Fixture.spec, request: request), result: .keep(.already)),
        Row(
            title: "run: the same again does not wait for a delay",
            before: Fixture.declared {
                $0.job?.isTransient = true
                $0.delay = .seconds(5)
                $0.restarts = 3
            },
            change: .run(Fixture.spec, request: request),
            result: .write(
                Fixture.declared {
                    $0.job?.isTransient = true
                    $0.lastRequest = request
                })),
        Row(
            title: "run: the same again runs again after it finished",
            before: Fixture.declared {
                $0.job?.isTransient = true
                $0.rest = .finished
            },
            change: .run(Fixture.spec, request: request),
            result: .write(
                Fixture.declared {
                    $0.job?.isTransient = true
                    $0.lastRequest = request
                })),
    ]

    // MARK: P9

    @Test(
        "P9: a change that was applied is found again, and in no other record",
        arguments: [
            KeyChange.declare(Fixture.other, request: request),
            .run(Fixture.other, request: request),
            .remove(request: request), .start(request: request), .stop(request: request),
            .restart(request: request), claim,
            .started(nonce: Fixture.nonce(1), processID: 44, at: Fixture.time(1)),
        ])
    func found(change: KeyChange) {
        let vacant = Fixture.declared(token: 7) { $0.job?.isWanted = false }
        let records = [
            vacant, Fixture.declared(token: 7), Fixture.held(token: 7), Fixture.declared(),
        ]
        #expect(!change.isApplied(in: nil))
        for record in records {
            #expect(!change.isApplied(in: record))
            let result = change.apply(to: record, counter: 100, isClosed: { _ in false })
            if case .write(let next) = result { #expect(change.isApplied(in: next)) }
        }
    }

    @Test("P9 °: only what is conditional on one holding may be applied again")
    func mayRepeat() {
        #expect(Self.claim.mayRepeat)
        #expect(KeyChange.vacate(nonce: Fixture.nonce(1), Fixture.vacancy(.lost)).mayRepeat)
        #expect(KeyChange.reap(at: Fixture.time(1)).mayRepeat)
        #expect(!KeyChange.restart(request: Self.request).mayRepeat)
        #expect(!KeyChange.stop(request: Self.request).mayRepeat)
        #expect(!KeyChange.declare(Fixture.spec, request: Self.request).mayRepeat)
    }

    /// Goal: no sequence of changes lets a token fall or gives a held key to a second session.
    ///
    /// Method: random changes under rising counters; sessions close now and then.
    @Test(
        "P12, C1: tokens never fall and a holder is replaced only once it is closed",
        arguments: 0..<50)
    func random(seed: UInt64) {
        var random = Randomness(seed: seed)
        var record: KeyRecord?
        var closed: Set<SessionID> = []
        var epochs: [String: UInt64] = ["a": 1, "b": 1, "c": 1]
        var grants: Set<UInt64> = []
        for counter in UInt64(1)...400 {
            let host = ["a", "b", "c"][Int(random.next() % 3)]
            if random.next() % 10 == 0 {
                closed.insert(Fixture.session(host, epochs[host] ?? 1))
                epochs[host, default: 1] += 1
            }
            let session = Fixture.session(host, epochs[host] ?? 1)
            let change = Self.draw(&random, session, record)
            let before = record
            guard
                case .write(let next) = change.apply(
                    to: before, counter: counter, isClosed: { closed.contains($0) })
            else { continue }
            record = next
            #expect(next.token >= before?.token ?? 0, "seed \(seed)")
            guard let holder = next.holder, holder.nonce != before?.holder?.nonce else { continue }
            #expect(next.token == counter && grants.insert(counter).inserted, "seed \(seed)")
            if let old = before?.holder { #expect(closed.contains(old.session), "seed \(seed)") }
        }
        #expect(grants.count > 5)
    }

    private static func draw(
        _ random: inout Randomness, _ session: SessionID, _ record: KeyRecord?
    ) -> KeyChange {
        let nonce = random.nextIdentifier()
        switch random.next() % 8 {
        case 0:
            return .declare(random.next() % 2 == 0 ? Fixture.spec : Fixture.other, request: nonce)
        case 1: return .start(request: nonce)
        case 2: return .restart(request: nonce)
        case 3:
            let held = record?.holder?.nonce ?? nonce
            return .vacate(nonce: held, Fixture.vacancy(.exited(code: 1)))
        case 4: return .reap(at: Fixture.time(1))
        default: return .claim(session: session, nonce: nonce, at: Fixture.time(1))
        }
    }
}
