import HoldfastCore
import HoldfastSessions
import Testing

/// The lease as its holder counts it; times in milliseconds since it was opened.
@Suite("HolderLease")
struct HolderLeaseTests {
    /// T 6 s: soft 3.6 s, fence 4.2 s.
    private static let settings = LeaseSettings.defaults()
    private let voters: [HostName]

    init() throws {
        self.voters = try ["a", "b", "c", "d", "e"].map { text throws(InvalidName) in
            try HostName(text)
        }
    }

    private static func at(_ milliseconds: Int64) -> Moment {
        Moment(boot: 0, monotonic: 0, raw: 0).advanced(by: .milliseconds(milliseconds))
    }

    private static func lease(_ voterCount: Int = 3) -> HolderLease {
        HolderLease(
            epoch: 1, nonce: Nonce(high: 1, low: 1), agentNumber: 1, settings: Self.settings,
            voterCount: voterCount, now: Self.at(0))
    }

    /// Sends heartbeats at these times.
    private static func sent(_ times: [Int64], voterCount: Int = 3) -> HolderLease {
        var lease = Self.lease(voterCount)
        for time in times { _ = lease.beat(at: Self.at(time)) }
        return lease
    }

    @Test("S5: there is no lease before a majority acknowledged")
    func noLease() {
        var lease = Self.sent([0])
        #expect(lease.acknowledged(by: self.voters[0], sequence: 1) == false)
        #expect(lease.start == nil)
        #expect(lease.deadlines == nil)
        #expect(!lease.mayLaunch(at: Self.at(1)))
        #expect(lease.left(at: Self.at(1)) == nil)
    }

    @Test(
        "S5: the lease starts at the m-th newest send time",
        arguments: [
            (3, [3, 2, 1], 2), (3, [1, 1, 1], 1), (3, [3, 1], 1), (5, [5, 4, 3, 2, 1], 3),
            (5, [5, 5, 2], 2), (1, [4], 4),
        ])
    func start(voterCount: Int, acknowledged: [UInt64], expected: Int64) {
        var lease = Self.sent([0, 100, 200, 300, 400], voterCount: voterCount)
        for (voter, sequence) in zip(self.voters, acknowledged) {
            _ = lease.acknowledged(by: voter, sequence: sequence)
        }
        #expect(lease.start == Self.at((expected - 1) * 100))
    }

    @Test("S5: an older acknowledgement that comes late moves nothing back")
    func late() {
        var lease = Self.sent([0, 100])
        #expect(lease.acknowledged(by: self.voters[0], sequence: 2) == false)
        #expect(lease.acknowledged(by: self.voters[1], sequence: 2) == true)
        #expect(lease.acknowledged(by: self.voters[1], sequence: 1) == false)
        #expect(lease.acknowledged(by: self.voters[0], sequence: 1) == false)
        #expect(lease.start == Self.at(100))
    }

    @Test("S5: a sequence number that was never sent counts for nothing", arguments: [0, 2, 99])
    func neverSent(sequence: UInt64) {
        var lease = Self.sent([0])
        for voter in self.voters.prefix(3) {
            #expect(lease.acknowledged(by: voter, sequence: sequence) == false)
        }
        #expect(lease.start == nil)
    }

    @Test("S5: send times that are long over are forgotten")
    func forgotten() {
        var lease = Self.sent((0..<200).map { Int64($0) * 10 })
        for voter in self.voters.prefix(3) {
            #expect(lease.acknowledged(by: voter, sequence: 1) == false)
        }
        #expect(lease.start == nil)
    }

    @Test("S6: launches end at the soft deadline, the lease at the fence, from the send time on")
    func deadlines() throws {
        var lease = Self.sent([0, 1000])
        for voter in self.voters.prefix(2) { _ = lease.acknowledged(by: voter, sequence: 2) }
        let deadlines = try #require(lease.deadlines)
        #expect(deadlines.soft == Self.at(4600))
        #expect(deadlines.hard == Self.at(5200))
        #expect(lease.mayLaunch(at: Self.at(4599)))
        #expect(!lease.mayLaunch(at: Self.at(4600)))
        #expect(!lease.isPastDeadline(at: Self.at(5199)))
        #expect(lease.isPastDeadline(at: Self.at(5200)))
        #expect(lease.left(at: Self.at(5100)) == .milliseconds(100))
        #expect(lease.left(at: Self.at(5200)) == nil)
    }

    @Test("S8: the holder counts by the clock that says more")
    func clocks() {
        var lease = Self.sent([0])
        for voter in self.voters.prefix(2) { _ = lease.acknowledged(by: voter, sequence: 1) }
        var now = Self.at(1000)
        now.boot += 3_200_000_000
        #expect(lease.isPastDeadline(at: now))
        now = Self.at(1000)
        now.raw += 3_200_000_000
        #expect(lease.isPastDeadline(at: now))
    }

    // MARK: S9

    @Test("S9: past the deadline it probes, and one heartbeat follows a majority of answers")
    func probes() {
        var lease = Self.lease()
        guard case .probe(let first) = lease.beat(at: Self.at(4200)) else {
            Issue.record("a heartbeat past the deadline")
            return
        }
        #expect(lease.probeAnswered(by: self.voters[0], sequence: first, at: Self.at(4210)) == nil)
        #expect(lease.probeAnswered(by: self.voters[0], sequence: first, at: Self.at(4211)) == nil)
        let heartbeat = lease.probeAnswered(
            by: self.voters[1], sequence: first, at: Self.at(4220))
        #expect(heartbeat?.epoch == 1)
        #expect(lease.probeAnswered(by: self.voters[2], sequence: first, at: Self.at(4230)) == nil)
        let next = lease.beat(at: Self.at(5000))
        #expect(next == .probe(sequence: first + 1))
    }

    @Test("S9: answers to an older probe count for nothing")
    func olderProbe() {
        var lease = Self.lease()
        _ = lease.beat(at: Self.at(4200))
        _ = lease.beat(at: Self.at(5200))
        for voter in self.voters.prefix(3) {
            #expect(lease.probeAnswered(by: voter, sequence: 1, at: Self.at(5210)) == nil)
        }
    }

    @Test("S9: once the lease is valid again, heartbeats go on")
    func valid() {
        var lease = Self.lease()
        _ = lease.beat(at: Self.at(5000))
        _ = lease.probeAnswered(by: self.voters[0], sequence: 1, at: Self.at(5010))
        let heartbeat = lease.probeAnswered(by: self.voters[1], sequence: 1, at: Self.at(5020))
        let sequence = heartbeat?.sequence ?? 0
        for voter in self.voters.prefix(2) {
            _ = lease.acknowledged(by: voter, sequence: sequence)
        }
        #expect(lease.start == Self.at(5020))
        guard case .heartbeat = lease.beat(at: Self.at(6000)) else {
            Issue.record("still probing")
            return
        }
    }
}
