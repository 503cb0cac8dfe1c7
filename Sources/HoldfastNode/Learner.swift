package import HoldfastCore
package import HoldfastJobs
package import HoldfastPaxos
package import HoldfastSessions
import HoldfastWire

/// What this host knows to be chosen, newest by ballot (P10).
///
/// It serves lists, hints and `--stale`. It never answers a linearizable read and never
/// justifies a claim; that a session is chosen closed is the one stable fact in it (C1).
package struct Learner: Sendable {
    package struct Known<Record: Sendable & Equatable>: Sendable, Equatable {
        package var record: Record
        package var ballot: Ballot
        package var learned: Moment
    }

    static let bucketCount = 64

    private var accepted: [RegisterID: Accepted] = [:]
    package private(set) var keys: [Key: Known<KeyRecord>] = [:]
    package private(set) var sessions: [HostName: Known<SessionRecord>] = [:]
    /// Per bucket, the exclusive or of a hash of every (register, ballot) in it.
    private(set) var digest = [UInt64](repeating: 0, count: Learner.bucketCount)
    private var buckets = [Set<RegisterID>](repeating: [], count: Learner.bucketCount)

    enum News {
        case key(Key, before: KeyRecord?, now: KeyRecord)
        case session(HostName, before: SessionRecord?, now: SessionRecord)
    }

    /// Takes in a chosen record.
    ///
    /// - Returns: What changed; `nil` if it was known, older, or not understood.
    mutating func learn(_ register: RegisterID, _ accepted: Accepted, at now: Moment) -> News? {
        if let known = self.accepted[register], known.ballot >= accepted.ballot { return nil }
        guard let news = self.decode(register, accepted, at: now) else { return nil }
        let bucket = Self.bucket(of: register)
        if let known = self.accepted[register] {
            self.digest[bucket] ^= Self.hash(register, known.ballot)
        } else {
            self.buckets[bucket].insert(register)
        }
        self.digest[bucket] ^= Self.hash(register, accepted.ballot)
        self.accepted[register] = accepted
        return news
    }

    private mutating func decode(
        _ register: RegisterID, _ accepted: Accepted, at now: Moment
    ) -> News? {
        switch register.bucket {
        case RegisterID.keyBucket:
            guard let key = try? Key(register.key),
                let record = try? RecordCoding.decodeKey(accepted.value)
            else { return nil }
            let before = self.keys[key]?.record
            self.keys[key] = Known(record: record, ballot: accepted.ballot, learned: now)
            return .key(key, before: before, now: record)
        case RegisterID.sessionBucket:
            guard let host = try? HostName(register.key),
                let record = try? RecordCoding.decodeSession(accepted.value)
            else { return nil }
            let before = self.sessions[host]?.record
            self.sessions[host] = Known(record: record, ballot: accepted.ballot, learned: now)
            return .session(host, before: before, now: record)
        default: return nil
        }
    }

    func ballot(of register: RegisterID) -> Ballot? { self.accepted[register]?.ballot }

    func value(of register: RegisterID) -> Accepted? { self.accepted[register] }

    /// Whether a session is chosen closed, for certain (C1).
    func isClosed(_ session: SessionID) -> Bool {
        self.sessions[session.host]?.record.proves(closed: session.epoch) ?? false
    }

    static func bucket(of register: RegisterID) -> Int {
        Int(register.stableHash % UInt64(Self.bucketCount))
    }

    /// Registers of a bucket with their ballots, in order.
    func inventory(of bucket: Int) -> [KnownBallot] {
        guard self.buckets.indices.contains(bucket) else { return [] }
        return self.buckets[bucket].sorted().compactMap { register in
            self.accepted[register].map { KnownBallot(register: register, ballot: $0.ballot) }
        }
    }

    private static func hash(_ register: RegisterID, _ ballot: Ballot) -> UInt64 {
        StableHash.mix(
            register.stableHash ^ StableHash.mix(ballot.counter)
                ^ StableHash.mix(ballot.incarnation &+ 1))
    }
}
