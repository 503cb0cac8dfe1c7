/// A ballot number: a counter, made unique by the process that counted.
///
/// Ordered by counter; the incarnation only breaks ties. There is no zero ballot: "no ballot yet"
/// is `nil`.
///
/// Source: Lamport, "Paxos Made Simple" (2001), section 2.2, "proposal number".
package struct Ballot: Hashable, Comparable, Sendable, CustomStringConvertible {
    /// 1 to `counterLimit`.
    package var counter: UInt64
    /// 64 random bits drawn at each start of the proposer's process (P2).
    package var incarnation: UInt64

    package init(counter: UInt64, incarnation: UInt64) {
        self.counter = counter
        self.incarnation = incarnation
    }

    /// Counters above this are a protocol error (P5).
    package static let counterLimit: UInt64 = 1 << 62

    package static func < (left: Self, right: Self) -> Bool {
        (left.counter, left.incarnation) < (right.counter, right.incarnation)
    }

    /// The next ballot of the same proposer.
    package var next: Ballot { Ballot(counter: self.counter + 1, incarnation: self.incarnation) }

    package var description: String {
        "\(self.counter).\(String(self.incarnation & 0xFFFF, radix: 16))"
    }
}

/// A value, under the ballot at which it was accepted.
package struct Accepted: Hashable, Sendable {
    package var ballot: Ballot
    /// A record, encoded; Paxos never looks inside.
    package var value: [UInt8]

    package init(ballot: Ballot, value: [UInt8]) {
        self.ballot = ballot
        self.value = value
    }
}
