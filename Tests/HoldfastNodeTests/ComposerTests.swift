import HoldfastCore
import HoldfastJobs
import HoldfastPaxos
import HoldfastSessions
import HoldfastWire
import Testing

@testable import HoldfastNode

/// What one ballot makes of the changes that wait for it.
@Suite("Composer")
struct ComposerTests {
    private let register = RegisterID.key(key("k"))
    private let spec = JobSpec(command: ["/bin/true"])
    private let session = SessionID(host: name("a"), epoch: 1)

    private static func nonce(_ number: UInt64) -> Nonce { Nonce(high: 0, low: number) }

    private static func ballot(_ counter: UInt64) -> Ballot {
        Ballot(counter: counter, incarnation: 1)
    }

    private static func pending(
        _ change: KeyChange, firstProposed: UInt64? = nil, above: UInt64 = 0,
        through: UInt64? = nil
    ) -> PendingChange {
        PendingChange(
            id: 1, change: .key(change), purpose: .learn, expires: 0,
            firstProposed: firstProposed.map { Self.ballot($0) }, above: above, through: through)
    }

    private func composer(
        _ record: KeyRecord?, at counter: UInt64 = 50, found: UInt64 = 40, isChosen: Bool = true
    ) -> Composer {
        Composer(
            register: self.register,
            found: record.map {
                Accepted(ballot: Self.ballot(found), value: RecordCoding.encode($0))
            },
            isChosen: isChosen, ballot: Self.ballot(counter))
    }

    private var declared: KeyRecord {
        var record = KeyRecord()
        record.job = Declaration(
            spec: self.spec, generation: 1, isWanted: true, isTransient: false)
        return record
    }

    private func claim(_ number: UInt64) -> KeyChange {
        .claim(
            session: self.session, nonce: Self.nonce(number), at: WallTime(milliseconds: 0))
    }

    private func vacate(_ number: UInt64) -> KeyChange {
        .vacate(
            nonce: Self.nonce(number),
            KeyChange.Vacancy(
                how: .exited(code: 0), cause: .stopped, at: WallTime(milliseconds: 0), ran: .zero))
    }

    private func result(_ composer: Composer) throws -> KeyRecord {
        try RecordCoding.decodeKey(composer.encoded)
    }

    // MARK: P12

    @Test("P12: one ballot makes one holding, whatever ends in between")
    func oneHolding() throws {
        var composer = self.composer(self.declared)
        #expect(composer.take(Self.pending(self.claim(1)), isClosed: { _ in false }) == .applied)
        #expect(composer.take(Self.pending(self.vacate(1)), isClosed: { _ in false }) == .applied)
        #expect(composer.take(Self.pending(self.claim(2)), isClosed: { _ in false }) == .later)
        let record = try self.result(composer)
        #expect(record.holder == nil)
        #expect(record.token == 50)
    }

    @Test("P12: a token as high as the ballot asks for a higher one, and nothing is written")
    func tooLow() {
        var record = self.declared
        record.token = 50
        var composer = self.composer(record)
        #expect(composer.take(Self.pending(self.claim(1)), isClosed: { _ in false }) == .later)
        #expect(composer.needsCounterAbove == 50)
        #expect(!composer.didChange)
    }

    @Test("P7: changes of many ride on one ballot, each on what the one before it made")
    func together() throws {
        var composer = self.composer(nil)
        let changes: [KeyChange] = [
            .declare(self.spec, request: Self.nonce(1)), self.claim(2),
            .started(nonce: Self.nonce(2), processID: 7, at: WallTime(milliseconds: 1)),
            .stop(request: Self.nonce(3)),
        ]
        for change in changes {
            #expect(composer.take(Self.pending(change), isClosed: { _ in false }) == .applied)
        }
        #expect(
            composer.take(Self.pending(self.claim(4)), isClosed: { _ in false })
                == .refused(.key(.notWanted)))
        let record = try self.result(composer)
        #expect(record.holder?.phase == .running(processID: 7))
        #expect(record.job?.isWanted == false)
    }

    // MARK: P9

    @Test(
        "P9: a change that is found again is not applied again, though another proposed it",
        arguments: [UInt64?.none, 30])
    func foundAgain(firstProposed: UInt64?) {
        var record = self.declared
        record.lastRequest = Self.nonce(5)
        var composer = self.composer(record)
        let restart = Self.pending(
            .restart(request: Self.nonce(5)), firstProposed: firstProposed)
        #expect(composer.take(restart, isClosed: { _ in false }) == .expired)
        #expect(!composer.didChange)
    }

    @Test("P9 °: a retry over a record that may have been built on it answers unknown")
    func unknown() {
        let restart = Self.pending(.restart(request: Self.nonce(5)), firstProposed: 40)
        var built = self.composer(self.declared, found: 40)
        #expect(built.take(restart, isClosed: { _ in false }) == .later)
        #expect(built.unknown == [1])
        var older = self.composer(self.declared, found: 39)
        #expect(older.take(restart, isClosed: { _ in false }) == .applied)
        #expect(older.unknown.isEmpty)
    }

    @Test("P9 °: a claim may be tried again: its tokens rise")
    func claimAgain() {
        var composer = self.composer(self.declared)
        let retry = Self.pending(self.claim(1), firstProposed: 30)
        #expect(composer.take(retry, isClosed: { _ in false }) == .applied)
    }

    // MARK: P7 °

    @Test(
        "P7 °: a forwarded change rides on no ballot outside its window",
        arguments: [
            (UInt64(50), UInt64(60), false), (49, 60, true), (49, 50, true), (40, 49, false),
        ])
    func window(above: UInt64, through: UInt64, isTaken: Bool) {
        var composer = self.composer(self.declared)
        let pending = Self.pending(
            .restart(request: Self.nonce(5)), above: above, through: through)
        #expect(
            composer.take(pending, isClosed: { _ in false }) == (isTaken ? .applied : .later))
        #expect(composer.beyond == (through < 50 ? [1] : []))
    }

    // MARK: C1, S1

    @Test("C1: a holder gives way only to the fact that its session is chosen closed")
    func closed() throws {
        var record = self.declared
        record.holder = Holder(
            session: SessionID(host: name("b"), epoch: 4), nonce: Self.nonce(9), phase: .starting,
            generation: 1, since: WallTime(milliseconds: 0))
        record.token = 7
        var composer = self.composer(record)
        #expect(
            composer.take(Self.pending(self.claim(1)), isClosed: { _ in false })
                == .refused(.key(.held)))
        let closed = record.holder?.session
        #expect(
            composer.take(Self.pending(self.claim(1)), isClosed: { $0 == closed }) == .applied)
        #expect(try self.result(composer).token == 50)
    }

    @Test("S1 °: a session opens over a closing that is known to be chosen, not made just now")
    func opening() {
        let nonce = Self.nonce(1)
        let details = SessionDetails(labels: [], address: "", term: .seconds(6))
        let record = SessionRecord(epoch: 3, nonce: nonce, phase: .open(details))
        let closing = PendingChange(
            id: 1, change: .session(.close(epoch: 3, nonce: nonce, .byHolder)), purpose: .learn,
            expires: 0)
        let opening = PendingChange(
            id: 2, change: .session(.open(epoch: 4, nonce: Self.nonce(2), details)),
            purpose: .learn, expires: 0)
        var composer = Composer(
            register: .session(of: name("a")),
            found: Accepted(ballot: Self.ballot(1), value: RecordCoding.encode(record)),
            isChosen: true, ballot: Self.ballot(2))
        #expect(composer.take(closing, isClosed: { _ in false }) == .applied)
        #expect(
            composer.take(opening, isClosed: { _ in false })
                == .refused(.session(.closingNotChosen)))
    }

    // MARK: What is not understood

    @Test("a record of a later version is written back as it is, and nothing is built on it")
    func laterVersion() {
        let bytes: [UInt8] = [99, 1, 2]
        var composer = Composer(
            register: self.register, found: Accepted(ballot: Self.ballot(1), value: bytes),
            isChosen: false, ballot: Self.ballot(2))
        #expect(
            composer.take(Self.pending(self.claim(1)), isClosed: { _ in false })
                == .refused(.notUnderstood))
        let identity = PendingChange(id: 2, change: .identity, purpose: .learn, expires: 0)
        #expect(composer.take(identity, isClosed: { _ in false }) == .expired)
        #expect(composer.encoded == bytes)
    }
}
