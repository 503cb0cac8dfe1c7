package import HoldfastCore

/// One ballot of one proposer for one register: asks, decides, proposes, counts.
///
///     prepare ──majority of promises──▶ decide ──propose──▶ accepting ──majority──▶ chosen
///        │                                                     │
///        └───────────── too many nacks ──▶ beaten ◀────────────┘
///
/// Answers count once per voter and only in the phase they belong to. The value that is proposed
/// is the caller's affair: it must be made from what `decide` reports, and from nothing else (P1).
package struct Proposer: Equatable, Sendable {
    package enum Step: Equatable, Sendable {
        /// A majority promised.
        ///
        /// The accepted record of the highest ballot is the one to build on; `isChosen` tells
        /// that a majority reported that very ballot, or a majority reported nothing (P8).
        case decide(highest: Accepted?, isChosen: Bool)
        /// A majority accepted; `fastNext`: it promised the next ballot as well (P6).
        case chosen(Accepted)
        /// No majority can be had at this ballot any more; go above `highest` where one is named.
        case beaten(highest: Ballot?)
    }

    private enum Phase: Equatable, Sendable {
        case preparing
        case deciding
        case accepting([UInt8])
        case done
    }

    package let ballot: Ballot
    private let voterCount: Int
    private var phase: Phase
    private var answered: [HostName: Ballot?] = [:]
    private var refused: Set<HostName> = []
    private var highestAccepted: Accepted?
    package private(set) var highestNack: Ballot?
    /// Whether any voter refused: a ballot cached for the next change is burnt by it (P2).
    package var wasRefused: Bool { !self.refused.isEmpty }

    /// Begins with phase 1.
    package init(ballot: Ballot, voterCount: Int) {
        self.ballot = ballot
        self.voterCount = voterCount
        self.phase = .preparing
    }

    /// Begins with phase 2, on promises that a majority gave with its last acceptance (P6).
    package init(fastBallot ballot: Ballot, voterCount: Int) {
        self.ballot = ballot
        self.voterCount = voterCount
        self.phase = .deciding
    }

    private var majority: Int { self.voterCount / 2 + 1 }

    package mutating func promised(by voter: HostName, accepted: Accepted?) -> Step? {
        guard self.phase == .preparing, self.answered[voter] == nil, !self.refused.contains(voter)
        else { return nil }
        self.answered[voter] = .some(accepted?.ballot)
        if let accepted,
            accepted.ballot > (self.highestAccepted?.ballot ?? accepted.ballot)
                || self.highestAccepted == nil
        {
            self.highestAccepted = accepted
        }
        guard self.answered.count == self.majority else { return nil }
        let highest = self.highestAccepted?.ballot
        let agreeing = self.answered.values.reduce(0) { $0 + ($1 == highest ? 1 : 0) }
        self.phase = .deciding
        return .decide(highest: self.highestAccepted, isChosen: agreeing >= self.majority)
    }

    /// The caller's decision: from now on acceptances of this value count.
    ///
    /// - Precondition: The last step was `decide`, or this is a fast ballot that has not proposed:
    ///   one ballot, one value, ever (P2).
    package mutating func propose(_ value: [UInt8]) -> Accepted {
        precondition(self.phase == .deciding, "P2: a ballot proposes once, after it was promised")
        self.phase = .accepting(value)
        self.answered = [:]
        self.refused = []
        return Accepted(ballot: self.ballot, value: value)
    }

    package mutating func accepted(by voter: HostName) -> Step? {
        guard case .accepting(let value) = self.phase, self.answered[voter] == nil,
            !self.refused.contains(voter)
        else { return nil }
        self.answered[voter] = .some(self.ballot)
        guard self.answered.count == self.majority else { return nil }
        self.phase = .done
        return .chosen(Accepted(ballot: self.ballot, value: value))
    }

    /// - Parameters:
    ///   - voter: Who refused.
    ///   - promised: The ballot that won there; `nil` where the refusal was for another reason
    ///     (S2) and a higher ballot would not help.
    /// - Returns: `beaten` once no majority can be had any more.
    package mutating func refused(by voter: HostName, promised: Ballot?) -> Step? {
        switch self.phase {
        case .deciding, .done: return nil
        case .preparing, .accepting: break
        }
        guard self.answered[voter] == nil else { return nil }
        self.refused.insert(voter)
        if let promised { self.highestNack = max(promised, self.highestNack ?? promised) }
        guard self.voterCount - self.refused.count < self.majority else { return nil }
        self.phase = .done
        return .beaten(highest: self.highestNack)
    }
}
