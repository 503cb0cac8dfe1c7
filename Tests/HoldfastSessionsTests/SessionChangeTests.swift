import HoldfastCore
import HoldfastSessions
import Testing

@Suite("SessionChange")
struct SessionChangeTests {
    private static let nonce = Nonce(high: 1, low: 1)
    private static let other = Nonce(high: 2, low: 2)
    private static let details = SessionDetails(labels: [], address: "x", term: .seconds(6))

    private static func open(_ epoch: Epoch, _ nonce: Nonce = nonce) -> SessionRecord {
        SessionRecord(epoch: epoch, nonce: nonce, phase: .open(details))
    }

    private static func closed(_ epoch: Epoch, _ nonce: Nonce = nonce) -> SessionRecord {
        SessionRecord(epoch: epoch, nonce: nonce, phase: .closed(.expired))
    }

    struct Row: Sendable, CustomTestStringConvertible {
        var title: String
        var change: SessionChange
        var record: SessionRecord?
        var isChosen = true
        var result: SessionChange.Result
        var testDescription: String { self.title }
    }

    static let table: [Row] = [
        Row(
            title: "S1: the first session opens over nothing",
            change: .open(epoch: 1, nonce: nonce, details), result: .write(open(1))),
        Row(
            title: "S1, S10: over nothing, epochs that a guard has retired are left out",
            change: .open(epoch: 2, nonce: nonce, details),
            result: .write(SessionRecord(epoch: 2, nonce: nonce, phase: .open(details)))),
        Row(
            title: "S1: there is no session of epoch 0",
            change: .open(epoch: 0, nonce: nonce, details), result: .keep(.wrongEpoch)),
        Row(
            title: "S1: the next epoch opens over a chosen closing",
            change: .open(epoch: 4, nonce: other, details), record: closed(3),
            result: .write(open(4, other))),
        Row(
            title: "S1 °: not over a closing that is not known to be chosen",
            change: .open(epoch: 4, nonce: other, details), record: closed(3), isChosen: false,
            result: .keep(.closingNotChosen)),
        Row(
            title: "S1: not over an open session",
            change: .open(epoch: 4, nonce: other, details), record: open(3), result: .keep(.open)),
        Row(
            title: "S12: not over one of the same epoch by another process",
            change: .open(epoch: 3, nonce: other, details), record: open(3), result: .keep(.open)),
        Row(
            title: "P9: one's own opening, found again, is known",
            change: .open(epoch: 3, nonce: nonce, details), record: open(3),
            result: .keep(.already)),
        Row(
            title: "S1, S10: an epoch that a guard has retired unopened is left out",
            change: .open(epoch: 5, nonce: nonce, details), record: closed(3),
            result: .write(SessionRecord(epoch: 5, nonce: nonce, phase: .open(details)))),
        Row(
            title: "S1: no epoch opens below one that was closed",
            change: .open(epoch: 2, nonce: nonce, details), record: closed(3),
            result: .keep(.wrongEpoch)),
        Row(
            title: "S2 °: closed is final: its own epoch does not open again",
            change: .open(epoch: 3, nonce: nonce, details), record: closed(3),
            result: .keep(.wrongEpoch)),
        Row(
            title: "S2: an open session closes", change: .close(epoch: 3, nonce: nonce, .expired),
            record: open(3), result: .write(closed(3))),
        Row(
            title: "S2 °: closed is final: the first reason stays",
            change: .close(epoch: 3, nonce: nonce, .byHolder), record: closed(3),
            result: .keep(.already)),
        Row(
            title: "S12: nobody closes the session of another process",
            change: .close(epoch: 3, nonce: other, .expired), record: open(3),
            result: .keep(.wrongEpoch)),
        Row(
            title: "S2: nobody closes an epoch that is not there",
            change: .close(epoch: 2, nonce: nonce, .expired), record: open(3),
            result: .keep(.wrongEpoch)),
        Row(
            title: "S2: nothing closes over nothing",
            change: .close(epoch: 1, nonce: nonce, .expired), result: .keep(.wrongEpoch)),
    ]

    @Test("does what the table says", arguments: table)
    func applies(row: Row) {
        #expect(row.change.apply(to: row.record, isChosen: row.isChosen) == row.result)
    }

    @Test(
        "C1: what proves that an epoch is over",
        arguments: [
            (closed(3), true), (closed(4), true), (open(4), true), (open(3), false),
            (closed(2), false), (open(2), false),
        ])
    func proof(record: SessionRecord, isProof: Bool) {
        #expect(record.proves(closed: 3) == isProof)
    }

    @Test("P9: a change is found again by epoch, nonce and phase alone")
    func found() {
        let open = SessionChange.open(epoch: 3, nonce: Self.nonce, Self.details)
        let close = SessionChange.close(epoch: 3, nonce: Self.nonce, .byHolder)
        #expect(open.isApplied(in: Self.open(3)))
        #expect(!open.isApplied(in: Self.open(3, Self.other)))
        #expect(!open.isApplied(in: Self.closed(3)))
        #expect(!open.isApplied(in: nil))
        #expect(close.isApplied(in: Self.closed(3)))
        #expect(!close.isApplied(in: Self.open(3)))
        #expect(!close.isApplied(in: Self.closed(4)))
        #expect(!close.isApplied(in: nil))
    }
}
