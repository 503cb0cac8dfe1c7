import HoldfastCore
import HoldfastSessions
import Testing

/// One voter, one host; times in milliseconds since the voter began, T is 6 s.
@Suite("SessionVoter")
struct SessionVoterTests {
    private static let term = Duration.seconds(6)
    private static let nonce = Nonce(high: 1, low: 1)
    private static let other = Nonce(high: 2, low: 2)
    private let host: HostName

    init() throws {
        self.host = try HostName("h")
    }

    private static func at(_ milliseconds: Int64) -> Moment {
        Moment(boot: 0, monotonic: 0, raw: 0).advanced(by: .milliseconds(milliseconds))
    }

    private static func open(
        _ epoch: Epoch, _ nonce: Nonce = nonce, term: Duration = term
    ) -> SessionRecord {
        SessionRecord(
            epoch: epoch, nonce: nonce,
            phase: .open(SessionDetails(labels: [], address: "", term: term)))
    }

    private static func closed(_ epoch: Epoch, _ reason: ClosingReason = .expired) -> SessionRecord
    {
        SessionRecord(epoch: epoch, nonce: nonce, phase: .closed(reason))
    }

    private static func beat(
        _ epoch: Epoch, _ sequence: UInt64, nonce: Nonce = nonce, agent: UInt64 = 1,
        term: Duration = term
    ) -> SessionVoter.Heartbeat {
        SessionVoter.Heartbeat(
            epoch: epoch, nonce: nonce, agentNumber: agent, sequence: sequence, term: term)
    }

    private func voter(_ record: SessionRecord? = nil) -> SessionVoter {
        SessionVoter(
            records: record.map { [self.host: $0] } ?? [:], started: Self.at(0), term: Self.term)
    }

    // MARK: S2, both directions

    @Test("S2: closing by expiry is refused while the timer runs, and only so long")
    func refusesExpiry() {
        var voter = self.voter(Self.open(3))
        #expect(voter.receive(Self.beat(3, 1), of: self.host, at: Self.at(10_000)) == .acknowledged)
        #expect(voter.refusesExpiry(of: self.host, epoch: 3, at: Self.at(10_000)))
        #expect(voter.refusesExpiry(of: self.host, epoch: 3, at: Self.at(15_999)))
        #expect(!voter.refusesExpiry(of: self.host, epoch: 3, at: Self.at(16_000)))
    }

    @Test("S2: a timer of a later epoch protects the earlier one too; not the other way round")
    func laterEpoch() {
        var voter = self.voter(Self.open(3))
        _ = voter.receive(Self.beat(3, 1), of: self.host, at: Self.at(10_000))
        #expect(voter.refusesExpiry(of: self.host, epoch: 2, at: Self.at(10_001)))
        #expect(!voter.refusesExpiry(of: self.host, epoch: 4, at: Self.at(10_001)))
    }

    @Test("S2 °: once a closing was taken in, heartbeats up to its epoch are refused")
    func refusesHeartbeats() {
        var voter = self.voter(Self.open(3))
        voter.didAccept(Self.closed(3), of: self.host, at: Self.at(7000))
        let refused = SessionVoter.HeartbeatAnswer.refused(Self.closed(3))
        #expect(voter.receive(Self.beat(3, 1), of: self.host, at: Self.at(7001)) == refused)
        #expect(voter.receive(Self.beat(2, 9), of: self.host, at: Self.at(7001)) == refused)
        #expect(
            voter.receive(Self.beat(4, 1), of: self.host, at: Self.at(7001)) == .acknowledged)
    }

    @Test("S2 °: a refused heartbeat arms nothing")
    func refusedArmsNothing() {
        var voter = self.voter(Self.open(3))
        voter.didAccept(Self.closed(3), of: self.host, at: Self.at(7000))
        _ = voter.receive(Self.beat(3, 1), of: self.host, at: Self.at(7001))
        #expect(!voter.refusesExpiry(of: self.host, epoch: 3, at: Self.at(7002)))
    }

    @Test("S2 °: accepting the open record lifts the refusal for that epoch and nonce alone")
    func healed() {
        var voter = self.voter(Self.closed(3))
        voter.didAccept(Self.open(3), of: self.host, at: Self.at(7000))
        let refused = SessionVoter.HeartbeatAnswer.refused(Self.open(3))
        #expect(
            voter.receive(Self.beat(3, 1), of: self.host, at: Self.at(7001)) == .acknowledged)
        #expect(
            voter.receive(Self.beat(3, 2, nonce: Self.other), of: self.host, at: Self.at(7002))
                == refused)
        #expect(voter.receive(Self.beat(2, 3), of: self.host, at: Self.at(7003)) == refused)
    }

    @Test("S2 °: what was refused before a restart is refused after it")
    func restored() {
        var voter = self.voter(Self.closed(3, .byHolder))
        #expect(
            voter.receive(Self.beat(3, 1), of: self.host, at: Self.at(1))
                == .refused(Self.closed(3, .byHolder)))
    }

    // MARK: S4

    @Test("S4: sequence numbers that are not newer are ignored and arm nothing")
    func stale() {
        var voter = self.voter(Self.open(3))
        _ = voter.receive(Self.beat(3, 5), of: self.host, at: Self.at(10_000))
        #expect(voter.receive(Self.beat(3, 5), of: self.host, at: Self.at(12_000)) == .stale)
        #expect(voter.receive(Self.beat(3, 4), of: self.host, at: Self.at(12_000)) == .stale)
        #expect(!voter.refusesExpiry(of: self.host, epoch: 3, at: Self.at(16_000)))
    }

    @Test("S4: an epoch before the one that was heard last is ignored")
    func earlierEpoch() {
        var voter = self.voter()
        _ = voter.receive(Self.beat(3, 5), of: self.host, at: Self.at(10_000))
        #expect(voter.receive(Self.beat(2, 9), of: self.host, at: Self.at(10_001)) == .stale)
    }

    @Test("S4: the timer takes the greater of both terms", arguments: [(3, 6), (9, 9)])
    func greaterTerm(sent: Int, taken: Int64) {
        var voter = self.voter(Self.open(3))
        let beat = Self.beat(3, 1, term: .seconds(sent))
        _ = voter.receive(beat, of: self.host, at: Self.at(10_000))
        let end = 10_000 + taken * 1000
        #expect(voter.refusesExpiry(of: self.host, epoch: 3, at: Self.at(end - 1)))
        #expect(!voter.refusesExpiry(of: self.host, epoch: 3, at: Self.at(end)))
    }

    @Test("S8: the voter counts by the clock that says less")
    func clocks() {
        var voter = self.voter(Self.open(3))
        _ = voter.receive(Self.beat(3, 1), of: self.host, at: Self.at(10_000))
        var now = Self.at(16_000)
        now.raw -= 1
        #expect(voter.refusesExpiry(of: self.host, epoch: 3, at: now))
        now = Self.at(16_000)
        now.monotonic -= 1
        #expect(voter.refusesExpiry(of: self.host, epoch: 3, at: now))
        now = Self.at(16_000)
        now.boot = 0
        #expect(!voter.refusesExpiry(of: self.host, epoch: 3, at: now))
    }

    // MARK: S7

    @Test("S7: for T after its start a voter takes no expiry, of anybody")
    func quarantine() throws {
        let voter = self.voter(Self.open(3))
        let stranger = try HostName("stranger")
        #expect(voter.refusesExpiry(of: self.host, epoch: 3, at: Self.at(5999)))
        #expect(voter.refusesExpiry(of: stranger, epoch: 1, at: Self.at(5999)))
        #expect(voter.expired(at: Self.at(5999)).isEmpty)
        #expect(!voter.refusesExpiry(of: self.host, epoch: 3, at: Self.at(6000)))
        #expect(voter.expired(at: Self.at(6000)).map(\.epoch) == [3])
        #expect(voter.nextExpiry(after: Self.at(1000)) == .seconds(5))
    }

    // MARK: S11, S12

    @Test("S11: a newer agent begins its own sequence; an older one is not heard any more")
    func agents() {
        var voter = self.voter(Self.open(3))
        _ = voter.receive(Self.beat(3, 90, agent: 1), of: self.host, at: Self.at(10_000))
        #expect(
            voter.receive(Self.beat(3, 1, agent: 2), of: self.host, at: Self.at(10_001))
                == .acknowledged)
        #expect(
            voter.receive(Self.beat(3, 91, agent: 1), of: self.host, at: Self.at(10_002)) == .stale)
    }

    @Test("S12: of two processes under one name the one whose nonce was not opened is refused")
    func twoProcesses() {
        var voter = self.voter(Self.open(3))
        #expect(
            voter.receive(Self.beat(3, 1, nonce: Self.other), of: self.host, at: Self.at(7000))
                == .refused(Self.open(3)))
        #expect(!voter.refusesExpiry(of: self.host, epoch: 3, at: Self.at(7001)))
    }

    @Test("S12: before any record, the first nonce of an epoch is the one that counts")
    func firstNonce() {
        var voter = self.voter()
        _ = voter.receive(Self.beat(3, 1), of: self.host, at: Self.at(7000))
        #expect(
            voter.receive(Self.beat(3, 2, nonce: Self.other), of: self.host, at: Self.at(7001))
                == .stale)
    }

    // MARK: Expiry

    @Test("an opening arms the timer: a session is not overdue before its first heartbeat")
    func openingArms() {
        var voter = self.voter()
        voter.didAccept(Self.open(1), of: self.host, at: Self.at(8000))
        #expect(voter.refusesExpiry(of: self.host, epoch: 1, at: Self.at(13_999)))
        #expect(voter.expired(at: Self.at(14_000)).map(\.epoch) == [1])
    }

    @Test("accepting the open record again does not forget which heartbeats were heard")
    func openAgain() {
        var voter = self.voter(Self.open(1))
        _ = voter.receive(Self.beat(1, 7), of: self.host, at: Self.at(8000))
        voter.didAccept(Self.open(1), of: self.host, at: Self.at(8500))
        #expect(voter.receive(Self.beat(1, 7), of: self.host, at: Self.at(8600)) == .stale)
        #expect(voter.receive(Self.beat(1, 8), of: self.host, at: Self.at(8600)) == .acknowledged)
    }

    @Test("hosts whose timers ran out are listed by name, and closed ones are not")
    func expired() throws {
        let (first, second, gone) = (try HostName("a"), try HostName("b"), try HostName("c"))
        var voter = SessionVoter(
            records: [second: Self.open(1), first: Self.open(2), gone: Self.closed(1)],
            started: Self.at(0), term: Self.term)
        _ = voter.receive(Self.beat(1, 1), of: second, at: Self.at(4000))
        #expect(voter.expired(at: Self.at(9999)).map(\.host) == [first])
        #expect(voter.nextExpiry(after: Self.at(9000)) == .seconds(1))
        #expect(voter.expired(at: Self.at(10_000)).map(\.host) == [first, second])
        #expect(voter.nextExpiry(after: Self.at(10_000)) == nil)
    }
}
