import HoldfastCore
import HoldfastJobs
import HoldfastPaxos
import HoldfastSessions
import HoldfastWire
import Testing

@Suite("Envelopes as bytes")
struct EnvelopeTests {
    private static func decode(_ bytes: [UInt8]) -> Result<Envelope, MalformedBytes> {
        do throws(MalformedBytes) {
            return .success(try EnvelopeCoding.decode(bytes))
        } catch {
            return .failure(error)
        }
    }

    @Test("every message comes back as it was sent", arguments: Samples.envelopes)
    func roundTrip(envelope: Envelope) throws {
        #expect(try EnvelopeCoding.decode(EnvelopeCoding.encode(envelope)) == envelope)
    }

    @Test("a frame cut anywhere is refused", arguments: Samples.envelopes)
    func truncated(envelope: Envelope) {
        let bytes = EnvelopeCoding.encode(envelope)
        for count in bytes.indices {
            guard case .failure = Self.decode(Array(bytes.prefix(count))) else {
                Issue.record("\(count) of \(bytes.count) bytes were enough")
                return
            }
        }
    }

    @Test("a byte too many is refused", arguments: Samples.envelopes)
    func trailing(envelope: Envelope) {
        for byte in [UInt8(0), 1, 255] {
            #expect(Self.decode(EnvelopeCoding.encode(envelope) + [byte]) == .failure(.trailing))
        }
    }

    /// Goal: what a damaged frame says is refused, or is something that could have been said.
    ///
    /// Method: every byte takes several other values; what still is understood comes back alike.
    @Test(
        "a flipped byte never traps, and what is understood is understood",
        arguments: Samples.envelopes)
    func flipped(envelope: Envelope) throws {
        let bytes = EnvelopeCoding.encode(envelope)
        for index in bytes.indices {
            for flip in [UInt8(1), 2, 0x80, 0xFF] {
                var damaged = bytes
                damaged[index] ^= flip
                guard case .success(let other) = Self.decode(damaged) else { continue }
                #expect(try EnvelopeCoding.decode(EnvelopeCoding.encode(other)) == other)
            }
        }
    }

    @Test("random bytes never trap", arguments: 0..<20)
    func random(seed: UInt64) {
        var random = Randomness(seed: seed)
        for _ in 0..<500 {
            // A version and a kind that exist lead deeper than pure noise.
            var bytes: [UInt8] = [1, UInt8(random.next() % 2)]
            bytes += (0..<Int(random.next() % 200)).map { _ in
                UInt8(truncatingIfNeeded: random.next())
            }
            _ = Self.decode(bytes)
            if bytes.count > 27 { bytes[26] = UInt8(random.next() % 22) }
            _ = Self.decode(bytes)
        }
    }

    @Test("an unknown version or kind is refused, not guessed at")
    func unknown() {
        var bytes = EnvelopeCoding.encode(Samples.envelopes[1])
        bytes[0] = 2
        #expect(Self.decode(bytes) == .failure(.unknown))
        // Version, no cluster, version of the configuration, acceptor: then the kind.
        for kind in [UInt8(0), 22, 255] {
            bytes = EnvelopeCoding.encode(Samples.envelopes[1])
            bytes[26] = kind
            #expect(Self.decode(bytes) == .failure(.unknown))
        }
    }

    @Test("a frame beyond its limit is refused before anything is read")
    func tooLong() {
        let bytes = [UInt8](repeating: 1, count: Limits.peerFrameBytes + 1)
        #expect(Self.decode(bytes) == .failure(.tooLarge))
    }

    private static func refuses(_ message: PeerMessage) -> Bool {
        let envelope = Envelope(
            cluster: nil, version: 1, acceptor: Samples.nonce, message: message)
        guard case .failure = Self.decode(EnvelopeCoding.encode(envelope)) else { return false }
        return true
    }

    @Test("P5: a ballot beyond the limit of counters is refused")
    func counterLimit() {
        let beyond = Ballot(counter: Ballot.counterLimit + 1, incarnation: 0)
        #expect(Self.refuses(.prepare(attempt: 1, Samples.register, beyond)))
        #expect(Self.refuses(.nack(attempt: 1, promised: beyond)))
        let last = Ballot(counter: Ballot.counterLimit, incarnation: 0)
        #expect(!Self.refuses(.nack(attempt: 1, promised: last)))
    }

    @Test(
        "S4: a heartbeat with a lease that no configuration allows is refused",
        arguments: [
            Duration.seconds(3601), .seconds(-1), .seconds(9_000_000_000),
        ])
    func term(term: Duration) {
        var heartbeat = Samples.heartbeat
        heartbeat.term = term
        #expect(Self.refuses(.heartbeat(heartbeat)))
    }

    @Test("a record beyond its limit is refused")
    func recordLimit() {
        func accept(_ count: Int) -> PeerMessage {
            .accept(
                attempt: 1, Samples.register,
                Accepted(ballot: Samples.ballot, value: [UInt8](repeating: 0, count: count)),
                promiseNext: false)
        }
        #expect(!Self.refuses(accept(Limits.recordBytes)))
        #expect(Self.refuses(accept(Limits.recordBytes + 1)))
    }

    @Test("more voters, registers or digests than there can be are refused")
    func countLimits() {
        var configuration = Samples.configuration
        configuration.voters.append(configuration.voters[0])
        let formed = FormationNotice(
            intention: 1, acceptor: Samples.nonce, agreed: nil, formed: configuration)
        #expect(Self.refuses(.formation(formed)))
        #expect(Self.refuses(.digest([UInt64](repeating: 0, count: 257))))
        let entry = KnownBallot(register: Samples.register, ballot: Samples.ballot)
        let many = [KnownBallot](repeating: entry, count: Limits.inventoryCount + 1)
        #expect(Self.refuses(.inventory(buckets: [1], many, isAnswer: false)))
        #expect(!Self.refuses(.inventory(buckets: [1], many.dropLast(), isAnswer: false)))
    }

    /// Numbers that arithmetic on them could not bear: each of them once ended the process.
    @Test(
        "numbers that would overflow later are refused at the door",
        arguments: [
            KeyChange.claim(
                session: Samples.session, nonce: Samples.nonce, at: WallTime(milliseconds: .min)),
            .claim(
                session: SessionID(host: Samples.host, epoch: .max), nonce: Samples.nonce,
                at: Samples.time),
            .reap(at: WallTime(milliseconds: .max)),
            .started(nonce: Samples.nonce, processID: 1, at: WallTime(milliseconds: .min)),
            .vacate(
                nonce: Samples.nonce,
                KeyChange.Vacancy(
                    how: .lost, cause: .itself, at: WallTime(milliseconds: .min), ran: .zero)),
            .vacate(
                nonce: Samples.nonce,
                KeyChange.Vacancy(how: .lost, cause: .itself, at: Samples.time, ran: .seconds(-1))),
            .run(Self.spec { $0.restart.delay = .seconds(-100) }, request: Samples.nonce),
            .run(
                Self.spec { $0.restart.maximumDelay = .nanoseconds(Int64.max) },
                request: Samples.nonce),
            .run(
                Self.spec { $0.restart.giveUp = .init(count: 101, within: .seconds(1)) },
                request: Samples.nonce),
            .run(
                Self.spec { $0.restart.giveUp = .init(count: 0, within: .seconds(1)) },
                request: Samples.nonce),
            .run(Self.spec { $0.stop.signal = 65 }, request: Samples.nonce),
            .run(Self.spec { $0.stop.signal = 0 }, request: Samples.nonce),
            .run(Self.spec { $0.stop.grace = .nanoseconds(Int64.max) }, request: Samples.nonce),
            .run(Self.spec { $0.freezeLimit = .nanoseconds(Int64.max) }, request: Samples.nonce),
            .run(Self.spec { $0.logs.fileCount = 0 }, request: Samples.nonce),
            .run(Self.spec { $0.logs.fileCount = 101 }, request: Samples.nonce),
            .run(Self.spec { $0.command = [] }, request: Samples.nonce),
        ])
    func overflow(change: KeyChange) {
        #expect(Self.refuses(.forward(attempt: 1, Samples.key, change, above: 1, through: 2)))
    }

    private static func spec(_ change: (inout JobSpec) -> Void) -> JobSpec {
        var spec = Samples.plain
        change(&spec)
        return spec
    }
}
