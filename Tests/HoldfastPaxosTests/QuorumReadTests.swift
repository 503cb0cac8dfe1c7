import HoldfastCore
import HoldfastPaxos
import Testing

@Suite("QuorumRead")
struct QuorumReadTests {
    struct Row: Sendable, CustomTestStringConvertible {
        var title: String
        var size: Int
        /// Counters of accepted ballots in order of report; 0: nothing accepted.
        var reports: [UInt64]
        /// After how many reports what was said; `nil` in it: nothing is chosen.
        var result: (after: Int, QuorumRead.Step)?
        var testDescription: String { self.title }
    }

    private static func accepted(_ counter: UInt64) -> Accepted? {
        counter == 0
            ? nil
            : Accepted(
                ballot: Ballot(counter: counter, incarnation: 1),
                value: [UInt8(truncatingIfNeeded: counter)])
    }

    static let table: [Row] = [
        Row(
            title: "P8: a majority at one ballot agrees", size: 3, reports: [4, 4],
            result: (2, .agreed(accepted(4)))),
        Row(
            title: "P8: a majority that has nothing agrees on that", size: 3, reports: [0, 0],
            result: (2, .agreed(nil))),
        Row(
            title: "P8: one that lags behind is outvoted", size: 3, reports: [4, 5, 5],
            result: (3, .agreed(accepted(5)))),
        Row(
            title: "P8: one that is ahead proves nothing", size: 3, reports: [5, 4, 4],
            result: (3, .agreed(accepted(4)))),
        Row(
            title: "P8: three ballots of three disagree", size: 3, reports: [1, 2, 3],
            result: (3, .disagreed)),
        Row(
            title: "P8: a single report of three is no answer", size: 3, reports: [4], result: nil),
        Row(
            title: "P8: halves that can still be joined wait", size: 5, reports: [1, 1, 2, 2],
            result: nil),
        Row(
            title: "P8: halves that cannot be joined disagree at once", size: 5,
            reports: [1, 1, 2, 3, 2], result: (5, .disagreed)),
        Row(
            title: "P8: disagreement is said before all have spoken", size: 5,
            reports: [1, 2, 3, 4], result: (4, .disagreed)),
        Row(
            title: "P8: one voter alone agrees", size: 1, reports: [4],
            result: (1, .agreed(accepted(4)))),
    ]

    @Test("says what the table says, once", arguments: table)
    func answers(row: Row) throws {
        var read = QuorumRead(voterCount: row.size)
        var said: (Int, QuorumRead.Step)?
        for (index, counter) in row.reports.enumerated() {
            let voter = try HostName("h\(index)")
            let step = read.reported(by: voter, Self.accepted(counter))
            #expect(said == nil || step == nil)
            if let step { said = (index + 1, step) }
        }
        #expect(said?.0 == row.result?.after)
        #expect(said?.1 == row.result?.1)
    }

    @Test("P8: one voter counts once, and nothing is said after the answer")
    func twice() throws {
        var read = QuorumRead(voterCount: 3)
        let (a, b, c) = (try HostName("a"), try HostName("b"), try HostName("c"))
        #expect(read.reported(by: a, Self.accepted(4)) == nil)
        #expect(read.reported(by: a, Self.accepted(4)) == nil)
        #expect(read.reported(by: b, Self.accepted(4)) == .agreed(Self.accepted(4)))
        #expect(read.reported(by: c, Self.accepted(4)) == nil)
    }
}
