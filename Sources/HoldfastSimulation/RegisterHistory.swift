import HoldfastCore
package import HoldfastPaxos

/// Everything that was ever chosen for one register, as only an onlooker can know it.
///
/// A value counts as chosen once a majority of voters has held it durably under one ballot,
/// whether or not any proposer ever hears of it.
package struct RegisterHistory: Sendable {
    package struct Version: Sendable, Equatable {
        package var ballot: Ballot
        package var value: [UInt8]
    }

    private var holders: [Ballot: UInt32] = [:]
    /// In the order of their ballots.
    package private(set) var versions: [Version] = []

    package init() {}

    package var newest: Version? { self.versions.last }

    package enum News: Equatable {
        case nothing
        case chosen(before: Version?)
        /// A newer one was chosen already; this one reached its majority after it.
        case chosenLate
    }

    package mutating func persisted(
        by host: Int, _ accepted: Accepted, majority: Int
    ) -> News {
        let before = self.holders[accepted.ballot] ?? 0
        let after = before | (1 << UInt32(host))
        self.holders[accepted.ballot] = after
        guard before.nonzeroBitCount < majority, after.nonzeroBitCount >= majority else {
            return .nothing
        }
        let version = Version(ballot: accepted.ballot, value: accepted.value)
        let newest = self.versions.last
        if let newest, newest.ballot > accepted.ballot {
            let index = self.versions.firstIndex { $0.ballot > accepted.ballot } ?? 0
            self.versions.insert(version, at: index)
            return .chosenLate
        }
        self.versions.append(version)
        return .chosen(before: newest)
    }

    package func isChosen(_ ballot: Ballot) -> Bool {
        self.versions.last { $0.ballot <= ballot }?.ballot == ballot
    }

    /// Whether a record was the newest chosen one at some moment since `ballot` was.
    package func held(_ value: [UInt8]?, since ballot: Ballot?) -> Bool {
        guard let value else { return ballot == nil }
        for version in self.versions.reversed() {
            if version.value == value { return true }
            if let ballot, version.ballot <= ballot { return false }
        }
        return false
    }
}
