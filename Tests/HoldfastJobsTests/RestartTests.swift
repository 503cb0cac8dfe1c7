import HoldfastCore
import HoldfastJobs
import Testing

/// What follows an end (C3).
@Suite("Restart policy")
struct RestartTests {
    /// The record after a held key was vacated so.
    private static func after(
        _ vacancy: KeyChange.Vacancy, _ change: (inout KeyRecord) -> Void = { _ in }
    ) -> KeyRecord? {
        let before = Fixture.held(token: 7, change)
        let result = KeyChange.vacate(nonce: Fixture.nonce(1), vacancy)
            .apply(to: before, counter: 100, isClosed: { _ in false })
        guard case .write(let next) = result else { return nil }
        return next
    }

    struct Row: Sendable, CustomTestStringConvertible {
        var title: String
        var condition: RestartPolicy.Condition
        var how: Ending.How
        var cause: Ending.Cause = .itself
        var rest: Rest
        var delay: Duration
        var testDescription: String { self.title }
    }

    static let table: [Row] = [
        Row(
            title: "C3: always, success", condition: .always, how: .exited(code: 0), rest: .none,
            delay: .seconds(1)),
        Row(
            title: "C3: always, failure", condition: .always, how: .exited(code: 1), rest: .none,
            delay: .seconds(1)),
        Row(
            title: "C3: on failure, success", condition: .onFailure, how: .exited(code: 0),
            rest: .finished, delay: .zero),
        Row(
            title: "C3: on failure, failure", condition: .onFailure, how: .exited(code: 1),
            rest: .none, delay: .seconds(1)),
        Row(
            title: "C3: on failure, a signal", condition: .onFailure,
            how: .signalled(9, dumpedCore: false), rest: .none, delay: .seconds(1)),
        Row(
            title: "C3: on failure, out of memory", condition: .onFailure,
            how: .signalled(9, dumpedCore: false), cause: .outOfMemory, rest: .none,
            delay: .seconds(1)),
        Row(
            title: "C3: never, failure", condition: .never, how: .exited(code: 1), rest: .finished,
            delay: .zero),
        Row(
            title: "C3: never, success", condition: .never, how: .exited(code: 0), rest: .finished,
            delay: .zero),
        Row(
            title: "C3: a launch that failed is a failure", condition: .onFailure,
            how: .launchFailed(step: 13, errorNumber: 2), rest: .none, delay: .seconds(1)),
        Row(
            title: "C3: a refused launch is a failure", condition: .onFailure,
            how: .refused("no such user"), rest: .none, delay: .seconds(1)),
        Row(
            title: "C3: stopped is neither", condition: .always,
            how: .signalled(15, dumpedCore: false), cause: .stopped, rest: .none, delay: .zero),
        Row(
            title: "C3: fenced runs again at once", condition: .onFailure,
            how: .signalled(9, dumpedCore: false), cause: .fenced, rest: .none, delay: .zero),
        Row(
            title: "C3: fenced, where at most one run was asked for", condition: .never,
            how: .signalled(9, dumpedCore: false), cause: .fenced, rest: .finished, delay: .zero),
        Row(
            title: "C3: its host is stopping", condition: .always, how: .exited(code: 0),
            cause: .hostEnding, rest: .none, delay: .zero),
        Row(
            title: "C3: what never executed is still to run, whatever the policy",
            condition: .never, how: .neverStarted, cause: .fenced, rest: .none, delay: .zero),
    ]

    @Test("follows the policy", arguments: table)
    func policy(row: Row) throws {
        let next = try #require(
            Self.after(Fixture.vacancy(row.how, row.cause)) {
                $0.job?.spec.restart.condition = row.condition
            })
        #expect(next.rest == row.rest)
        #expect(next.delay == row.delay)
        #expect(next.holder == nil)
        #expect(next.token == 7)
        #expect(next.last == Fixture.ending(7, row.how, row.cause))
    }

    @Test("C3: the delay doubles with each failure up to its maximum")
    func growth() throws {
        var record = Fixture.held(token: 7) {
            $0.job?.spec.restart = RestartPolicy(
                delay: .milliseconds(500), maximumDelay: .seconds(3))
        }
        var delays: [Duration] = []
        for _ in 0..<5 {
            let result = KeyChange.vacate(
                nonce: Fixture.nonce(1), Fixture.vacancy(.exited(code: 1))
            ).apply(to: record, counter: 100, isClosed: { _ in false })
            guard case .write(let next) = result else { break }
            delays.append(next.delay)
            record = next
            record.holder = Fixture.holder("a", 1, nonce: 1, since: 100)
        }
        #expect(delays == [.milliseconds(500), .seconds(1), .seconds(2), .seconds(3), .seconds(3)])
    }

    @Test(
        "C3: a zero delay stays zero, and a delay above its maximum stays as it is",
        arguments: [
            (Duration.zero, Duration.seconds(60), Duration.zero),
            (.zero, .zero, .zero), (.seconds(9), .seconds(3), .seconds(9)),
        ])
    func odd(delay: Duration, maximum: Duration, expected: Duration) throws {
        let next = try #require(
            Self.after(Fixture.vacancy(.exited(code: 1))) {
                $0.restarts = 70
                $0.job?.spec.restart = RestartPolicy(delay: delay, maximumDelay: maximum)
            })
        #expect(next.delay == expected)
    }

    @Test(
        "C3: a run longer than 10 s and the maximum delay forgives the failures before it",
        arguments: [(11, 5, 1), (10, 5, 2), (61, 60, 1), (59, 60, 2)])
    func reset(ran: Int, maximum: Int, expected: Int) throws {
        let next = try #require(
            Self.after(Fixture.vacancy(.exited(code: 1), ran: .seconds(ran))) {
                $0.restarts = 1
                $0.job?.spec.restart = RestartPolicy(
                    delay: .seconds(1), maximumDelay: .seconds(maximum))
            })
        #expect(next.delay == .seconds(expected))
    }

    @Test(
        "give_up: so many ends within the span, and not one fewer",
        arguments: [
            ([100, 500], Rest.gaveUp), ([500], .none), ([], .none),
            // The first of these is a second and more before the end at 900.
            ([-100, 500], .none),
        ])
    func giveUp(before: [Int64], rest: Rest) throws {
        let next = try #require(
            Self.after(Fixture.vacancy(.exited(code: 1))) {
                $0.recentEnds = before.map { Fixture.time($0) }
                $0.job?.spec.restart.giveUp = RestartPolicy.GiveUp(count: 3, within: .seconds(1))
            })
        #expect(next.rest == rest)
        #expect(next.recentEnds.count <= 3)
        #expect(next.isRunWanted == (rest == .none))
    }

    @Test("an unwanted or removed key stays so, however it ended")
    func unwanted() throws {
        let stopped = try #require(
            Self.after(Fixture.vacancy(.exited(code: 1))) { $0.job?.isWanted = false })
        #expect(!stopped.isRunWanted)
        let removed = try #require(Self.after(Fixture.vacancy(.exited(code: 1))) { $0.job = nil })
        #expect(!removed.isRunWanted)
        #expect(removed.delay == .zero)
    }
}
