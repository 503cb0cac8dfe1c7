import HoldfastCore
import HoldfastPaxos
import Testing

/// The acceptor's table: what it was asked before, what it is asked now, what it says.
@Suite("Acceptor")
struct AcceptorTests {
    private static let register = RegisterID(bucket: "b", key: "k")

    private static func ballot(_ counter: UInt64, _ incarnation: UInt64 = 1) -> Ballot {
        Ballot(counter: counter, incarnation: incarnation)
    }

    private static func proposal(
        _ counter: UInt64, _ incarnation: UInt64 = 1, value: UInt8 = 0
    ) -> Accepted {
        Accepted(ballot: Self.ballot(counter, incarnation), value: [value])
    }

    private static func fresh(ceiling: UInt64 = 0, _ accepted: Accepted? = nil) -> Acceptor {
        Acceptor(
            restoring: DurableState(
                acceptor: Identifier128(high: 1, low: 1), ceiling: ceiling,
                registers: accepted.map { [Self.register: $0] } ?? [:]))
    }

    enum Ask: Sendable {
        case prepare(Ballot)
        case accept(Accepted)
        /// With the wish for the next ballot (P6).
        case fast(Accepted)
    }

    struct Row: Sendable, CustomTestStringConvertible {
        var title: String
        var before: [Ask]
        var ask: Ask
        var reply: Acceptor.Reply
        var testDescription: String { self.title }
    }

    static let table: [Row] = [
        Row(
            title: "P3: a first prepare is granted", before: [], ask: .prepare(ballot(1)),
            reply: .promise(accepted: nil)),
        Row(
            title: "P3: the same prepare again is refused", before: [.prepare(ballot(3))],
            ask: .prepare(ballot(3)), reply: .nack(promised: ballot(3))),
        Row(
            title: "P3: a lower prepare is refused", before: [.prepare(ballot(3))],
            ask: .prepare(ballot(2, 9)), reply: .nack(promised: ballot(3))),
        Row(
            title: "P3: the incarnation breaks the tie", before: [.prepare(ballot(3, 1))],
            ask: .prepare(ballot(3, 2)), reply: .promise(accepted: nil)),
        Row(
            title: "P3: a lower incarnation loses the tie", before: [.prepare(ballot(3, 2))],
            ask: .prepare(ballot(3, 1)), reply: .nack(promised: ballot(3, 2))),
        Row(
            title: "P1: a promise tells what was accepted",
            before: [.prepare(ballot(1)), .accept(proposal(1, value: 7))],
            ask: .prepare(ballot(2)), reply: .promise(accepted: proposal(1, value: 7))),
        Row(
            title: "P3: prepare at an accepted ballot is refused", before: [.accept(proposal(4))],
            ask: .prepare(ballot(4)), reply: .nack(promised: ballot(4))),
        Row(
            title: "P3: accept at the promised ballot is granted", before: [.prepare(ballot(2))],
            ask: .accept(proposal(2)), reply: .accepted),
        Row(
            title: "P3: accept above the promise is granted", before: [.prepare(ballot(2))],
            ask: .accept(proposal(3)), reply: .accepted),
        Row(
            title: "P3: accept without any promise is granted", before: [],
            ask: .accept(proposal(1)), reply: .accepted),
        Row(
            title: "P3: accept below the promise is refused", before: [.prepare(ballot(5))],
            ask: .accept(proposal(4)), reply: .nack(promised: ballot(5))),
        Row(
            title: "P3: accept below what was accepted is refused", before: [.accept(proposal(5))],
            ask: .accept(proposal(4)), reply: .nack(promised: ballot(5))),
        Row(
            title: "P3: the same proposal again is granted", before: [.accept(proposal(5))],
            ask: .accept(proposal(5)), reply: .accepted),
        Row(
            title: "P13: another value at an accepted ballot is a broken rule",
            before: [.accept(proposal(5, value: 1))], ask: .accept(proposal(5, value: 2)),
            reply: .mismatch),
        Row(
            title: "P13: and still is, once a higher ballot was promised",
            before: [.accept(proposal(5, value: 1)), .prepare(ballot(9))],
            ask: .accept(proposal(5, value: 2)), reply: .mismatch),
        Row(
            title: "P6: a wish for the next ballot keeps others out below it",
            before: [.fast(proposal(5))], ask: .prepare(ballot(5, 2)),
            reply: .nack(promised: ballot(6))),
        Row(
            title: "P6: the next ballot is promised to the same proposer",
            before: [.fast(proposal(5))], ask: .accept(proposal(6)), reply: .accepted),
        Row(
            title: "P6: no promise that nobody asked for", before: [.accept(proposal(5))],
            ask: .prepare(ballot(5, 2)), reply: .promise(accepted: proposal(5))),
    ]

    @Test("answers as the table says", arguments: table)
    func answers(row: Row) {
        var acceptor = Self.fresh()
        for ask in row.before { _ = Self.carryOut(ask, on: &acceptor) }
        #expect(Self.carryOut(row.ask, on: &acceptor).reply == row.reply)
    }

    private static func carryOut(_ ask: Ask, on acceptor: inout Acceptor) -> Acceptor.Answer {
        switch ask {
        case .prepare(let ballot): acceptor.prepare(Self.register, ballot: ballot)
        case .accept(let proposal):
            acceptor.accept(Self.register, proposal, promiseNext: false)
        case .fast(let proposal): acceptor.accept(Self.register, proposal, promiseNext: true)
        }
    }

    // MARK: What must be durable (P4, P5, P6)

    @Test("P5: the first promise raises the ceiling and waits for it; those below it do not")
    func ceiling() {
        var acceptor = Self.fresh()
        let first = acceptor.prepare(Self.register, ballot: Self.ballot(1))
        #expect(first.writes == [.ceiling(1 + Acceptor.ceilingStep)])
        #expect(first.afterWrite == acceptor.newestWrite)
        // In memory but not yet on disk: it still has to wait.
        let second = acceptor.prepare(Self.register, ballot: Self.ballot(2))
        #expect(second.writes.isEmpty)
        #expect(second.afterWrite == first.afterWrite)
        acceptor.didWrite(through: first.afterWrite)
        let third = acceptor.prepare(Self.register, ballot: Self.ballot(3))
        #expect(third.writes.isEmpty)
        #expect(third.afterWrite == 0)
        let beyond = acceptor.prepare(
            Self.register, ballot: Self.ballot(2 + Acceptor.ceilingStep))
        #expect(beyond.writes == [.ceiling(2 + 2 * Acceptor.ceilingStep)])
        #expect(beyond.afterWrite == acceptor.newestWrite)
    }

    @Test("P4: accepted waits for its write; a nack waits for nothing")
    func acceptedWaits() {
        var acceptor = Self.fresh()
        let answer = acceptor.accept(Self.register, Self.proposal(5), promiseNext: false)
        #expect(answer.writes == [.accepted(Self.register, Self.proposal(5))])
        #expect(answer.afterWrite == acceptor.newestWrite)
        let nack = acceptor.accept(Self.register, Self.proposal(4), promiseNext: false)
        #expect(nack.writes.isEmpty)
        #expect(nack.afterWrite == 0)
    }

    @Test("P4: a promise and a read that reflect a record wait until it is durable")
    func reflected() {
        var acceptor = Self.fresh(ceiling: 100)
        let accepted = acceptor.accept(Self.register, Self.proposal(101), promiseNext: false)
        let promise = acceptor.prepare(Self.register, ballot: Self.ballot(101, 2))
        #expect(promise.afterWrite >= accepted.afterWrite)
        #expect(acceptor.read(Self.register).afterWrite == accepted.afterWrite)
        acceptor.didWrite(through: acceptor.newestWrite)
        #expect(acceptor.read(Self.register).afterWrite == 0)
        #expect(acceptor.read(Self.register).accepted == Self.proposal(101))
    }

    @Test("P4: a repeated proposal is answered only when the first one is durable, without a write")
    func repetition() {
        var acceptor = Self.fresh()
        let first = acceptor.accept(Self.register, Self.proposal(5), promiseNext: true)
        let again = acceptor.accept(Self.register, Self.proposal(5), promiseNext: true)
        #expect(again.writes.isEmpty)
        #expect(again.afterWrite == first.afterWrite)
        acceptor.didWrite(through: first.afterWrite)
        let late = acceptor.accept(Self.register, Self.proposal(5), promiseNext: true)
        #expect(late.afterWrite == 0)
    }

    @Test("P6: a piggybacked promise above the ceiling raises it in the same commit, before")
    func piggyback() {
        var acceptor = Self.fresh(ceiling: 7)
        let next = acceptor.accept(Self.register, Self.proposal(8), promiseNext: true)
        #expect(
            next.writes == [
                .ceiling(9 + Acceptor.ceilingStep), .accepted(Self.register, Self.proposal(8)),
            ])
        #expect(next.afterWrite == acceptor.newestWrite)
    }

    // MARK: Restart

    @Test(
        "P5 °: after a restart every ballot of the ceiling's counter counts as promised",
        arguments: [UInt64(0), 1, .max])
    func restartAtCeiling(incarnation: UInt64) {
        var acceptor = Self.fresh(ceiling: 1001)
        let refused = Acceptor.Reply.nack(promised: Self.ballot(1001, .max))
        #expect(
            acceptor.prepare(Self.register, ballot: Self.ballot(1001, incarnation)).reply
                == refused)
        var other = Self.fresh(ceiling: 1001)
        let below = Self.proposal(1000, incarnation)
        #expect(other.accept(Self.register, below, promiseNext: true).reply == refused)
        #expect(
            acceptor.prepare(Self.register, ballot: Self.ballot(1002, 0)).reply
                == .promise(accepted: nil))
    }

    /// Goal: no promise is forgotten by a restart.
    ///
    /// Method: whatever was promised or accepted before, the disk holding only what the answer
    /// waited for, nothing lower is granted after.
    @Test(
        "P3, P5: nothing lower than an answered promise is granted after a restart",
        arguments: 0..<50)
    func restart(seed: UInt64) {
        var random = Randomness(seed: seed)
        var disk = DurableState(acceptor: Identifier128(high: 1, low: 1))
        var acceptor = Acceptor(restoring: disk)
        var highest: Ballot?
        for _ in 0..<60 {
            let ballot = Self.ballot(random.next() % 3000 + 1, random.next() % 3)
            let answer =
                random.next() % 2 == 0
                ? acceptor.prepare(Self.register, ballot: ballot)
                : acceptor.accept(
                    Self.register, Accepted(ballot: ballot, value: [1]),
                    promiseNext: random.next() % 2 == 0)
            for write in answer.writes { disk.apply(write) }
            acceptor.didWrite(through: acceptor.newestWrite)
            switch answer.reply {
            case .promise, .accepted: highest = max(highest ?? ballot, ballot)
            case .nack, .mismatch: break
            }
            if random.next() % 8 == 0 { acceptor = Acceptor(restoring: disk) }
            guard let highest else { continue }
            var probe = acceptor
            let lower = Self.ballot(highest.counter - 1, .max)
            guard case .nack = probe.prepare(Self.register, ballot: lower).reply else {
                Issue.record("seed \(seed): \(lower) is promised after \(highest)")
                return
            }
        }
    }

    @Test("what is restored is reported, and registers come in order")
    func restored() {
        let other = RegisterID(bucket: "a", key: "z")
        let acceptor = Acceptor(
            restoring: DurableState(
                acceptor: Identifier128(high: 1, low: 1), ceiling: 9,
                registers: [Self.register: Self.proposal(3), other: Self.proposal(2)]))
        #expect(acceptor.registers == [other, Self.register])
        #expect(acceptor.acceptedBallot(of: other) == Self.ballot(2))
        #expect(acceptor.read(Self.register).accepted == Self.proposal(3))
    }
}
