package import HoldfastCore

/// A read without a write: what a majority reports at one and the same ballot is chosen (P8).
///
/// It is linearizable: a value that was chosen before the question was asked is held by a
/// majority, which every other majority meets.
package struct QuorumRead: Equatable, Sendable {
    package enum Step: Equatable, Sendable {
        /// Chosen, or nothing was ever chosen.
        case agreed(Accepted?)
        /// No majority agrees: only an identity change can tell (P8).
        case disagreed
    }

    private let voterCount: Int
    private var reports: [HostName: Accepted?] = [:]
    private var isDone = false

    package init(voterCount: Int) {
        self.voterCount = voterCount
    }

    package mutating func reported(by voter: HostName, _ accepted: Accepted?) -> Step? {
        guard !self.isDone, self.reports[voter] == nil else { return nil }
        self.reports[voter] = .some(accepted)
        let majority = self.voterCount / 2 + 1
        let alike = self.reports.values.reduce(0) { $0 + ($1?.ballot == accepted?.ballot ? 1 : 0) }
        if alike >= majority {
            self.isDone = true
            return .agreed(accepted)
        }
        // The largest group so far, with every voter still to be heard, must be able to win.
        let ballots = self.reports.values.map { $0?.ballot }
        let largest = ballots.reduce(0) { best, ballot in
            max(best, ballots.reduce(0) { $0 + ($1 == ballot ? 1 : 0) })
        }
        guard largest + self.voterCount - self.reports.count < majority else { return nil }
        self.isDone = true
        return .disagreed
    }
}
