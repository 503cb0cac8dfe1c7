import HoldfastCore
import HoldfastJobs
import HoldfastPaxos
import HoldfastSessions
import HoldfastWire

/// Puts the changes that wait for one register together into the value of one ballot (P7).
///
/// At most one of them changes the holder: the token is the counter of the ballot (P12), and no
/// two holdings share one.
struct Composer {
    enum Verdict: Equatable {
        /// In the value; or it was there before (P9).
        case applied
        /// It was there already, so nothing of it needs a write.
        case expired
        case refused(RegisterRefusal)
        /// Not under this ballot.
        case later
    }

    private enum Content {
        case key(KeyRecord?)
        case session(SessionRecord?)
        case notUnderstood
    }

    private let found: Accepted?
    private let isChosen: Bool
    private let ballot: Ballot
    private var content: Content
    private var didMoveHolder = false
    /// Whether there is anything to write.
    private(set) var didChange = false
    /// Whether what was found is to be written even if nothing changes it.
    private(set) var mustWrite = false
    /// Changes whose earlier proposal may have been applied and overwritten (P9 °).
    private(set) var unknown: [UInt64] = []
    /// Changes that may not be proposed under a counter as high as this ballot's (P7 °).
    private(set) var beyond: [UInt64] = []
    private(set) var needsCounterAbove: UInt64?
    /// What each change that is in the value found there (P9 °).
    private(set) var baselines: [UInt64: Baseline] = [:]

    init(register: RegisterID, found: Accepted?, isChosen: Bool, ballot: Ballot) {
        self.found = found
        self.isChosen = isChosen
        self.ballot = ballot
        self.content = Self.decode(register, found)
    }

    private static func decode(_ register: RegisterID, _ found: Accepted?) -> Content {
        do {
            switch register.bucket {
            case RegisterID.keyBucket:
                return .key(try found.map { try RecordCoding.decodeKey($0.value) })
            case RegisterID.sessionBucket:
                return .session(try found.map { try RecordCoding.decodeSession($0.value) })
            default: return .notUnderstood
            }
        } catch {
            // Of a later version: not guessed at, not built on.
            return .notUnderstood
        }
    }

    var encoded: [UInt8] {
        switch self.content {
        case .key(let record): RecordCoding.encode(record ?? KeyRecord())
        case .session(let record): record.map { RecordCoding.encode($0) } ?? []
        case .notUnderstood: self.found?.value ?? []
        }
    }

    mutating func take(
        _ pending: PendingChange, isClosed: (SessionID) -> Bool
    ) -> Verdict {
        if let through = pending.through, self.ballot.counter > through {
            self.beyond.append(pending.id)
            return .later
        }
        if self.ballot.counter <= pending.above { return .later }
        switch (pending.change, self.content) {
        case (.identity, _): return .expired
        case (.rewrite, _):
            self.mustWrite = self.found != nil
            return .expired
        case (_, .notUnderstood): return .refused(.notUnderstood)
        case (.key(let change), .key(let record)):
            return self.take(change, pending, record, isClosed)
        case (.session(let change), .session(let record)):
            return self.take(change, record)
        case (.key, .session), (.session, .key): return .refused(.notUnderstood)
        }
    }

    private mutating func take(
        _ change: KeyChange, _ pending: PendingChange, _ record: KeyRecord?,
        _ isClosed: (SessionID) -> Bool
    ) -> Verdict {
        // P9: the nonce tells a retry that it had won, whoever proposed it first.
        if change.isApplied(in: record) { return .expired }
        if let first = pending.firstProposed {
            // P9 °: somebody built on a ballot that may have held it, and it is not there now.
            let isUntouched =
                pending.baseline.map { $0.lastRequest == record?.lastRequest } ?? false
            if !change.mayRepeat, !isUntouched, let found = self.found, found.ballot >= first {
                if let refusal = Self.isAsAsked(change, record, isClosed) {
                    return .refused(.key(refusal))
                }
                self.unknown.append(pending.id)
                return .later
            }
        }
        switch change.apply(to: record, counter: self.ballot.counter, isClosed: isClosed) {
        case .keep(let refusal): return .refused(.key(refusal))
        case .needsCounter(let above):
            self.needsCounterAbove = above
            return .later
        case .write(let next):
            if next.token != record?.token ?? 0 {
                // P12: one ballot makes one holding.
                guard !self.didMoveHolder else { return .later }
                self.didMoveHolder = true
            }
            self.content = .key(next)
            self.didChange = true
            self.baselines[pending.id] = Baseline(lastRequest: record?.lastRequest)
            return .applied
        }
    }

    /// Whether the record is as the change would make it, whoever made it so: then nobody need
    /// know.
    ///
    /// What was proposed of the change can't be chosen any more under this ballot's promises.
    private static func isAsAsked(
        _ change: KeyChange, _ record: KeyRecord?, _ isClosed: (SessionID) -> Bool
    ) -> KeyChange.Refusal? {
        // A key that isn't there may have been removed by this change or before it.
        guard case .keep(let refusal) = change.apply(to: record, counter: 0, isClosed: isClosed),
            refusal != .unknownKey
        else { return nil }
        return refusal
    }

    private mutating func take(_ change: SessionChange, _ record: SessionRecord?) -> Verdict {
        if change.isApplied(in: record) { return .expired }
        switch change.apply(to: record, isChosen: self.isChosen && !self.didChange) {
        case .keep(let refusal): return .refused(.session(refusal))
        case .write(let next):
            self.content = .session(next)
            self.didChange = true
            return .applied
        }
    }
}
