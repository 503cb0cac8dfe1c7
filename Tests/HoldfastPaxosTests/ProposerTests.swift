import HoldfastCore
import HoldfastPaxos
import Testing

@Suite("Proposer")
struct ProposerTests {
    private static let ballot = Ballot(counter: 9, incarnation: 1)
    private static let voters = ["a", "b", "c", "d", "e"].map { text in
        do { return try HostName(text) } catch { preconditionFailure("\(error)") }
    }

    private static func accepted(_ counter: UInt64, _ value: UInt8 = 0) -> Accepted {
        Accepted(ballot: Ballot(counter: counter, incarnation: 2), value: [value])
    }

    private static func preparing(_ count: Int = 3) -> Proposer {
        Proposer(ballot: Self.ballot, voterCount: count)
    }

    @Test("P1: a majority decides on the record of the highest ballot", arguments: [3, 5])
    func highest(count: Int) {
        var proposer = Self.preparing(count)
        var step: Proposer.Step?
        let majority = count / 2 + 1
        for (index, voter) in Self.voters.prefix(majority).enumerated() {
            #expect(step == nil)
            let record = Self.accepted(UInt64(majority - index), UInt8(index))
            step = proposer.promised(by: voter, accepted: record)
        }
        #expect(
            step == .decide(highest: Self.accepted(UInt64(majority), 0), isChosen: false))
    }

    @Test("P8: promises of a majority at one ballot tell that it is chosen")
    func chosenAlready() {
        var proposer = Self.preparing()
        _ = proposer.promised(by: Self.voters[0], accepted: Self.accepted(4))
        let step = proposer.promised(by: Self.voters[1], accepted: Self.accepted(4))
        #expect(step == .decide(highest: Self.accepted(4), isChosen: true))
    }

    @Test("P8: a majority that holds nothing tells that nothing is chosen")
    func nothing() {
        var proposer = Self.preparing()
        _ = proposer.promised(by: Self.voters[0], accepted: nil)
        let step = proposer.promised(by: Self.voters[1], accepted: nil)
        #expect(step == .decide(highest: nil, isChosen: true))
    }

    @Test("P1: what one voter holds and another does not is built on, but not chosen")
    func half() {
        var proposer = Self.preparing()
        _ = proposer.promised(by: Self.voters[0], accepted: nil)
        let step = proposer.promised(by: Self.voters[1], accepted: Self.accepted(4))
        #expect(step == .decide(highest: Self.accepted(4), isChosen: false))
    }

    @Test("P3: one voter counts once, however often it answers")
    func twice() {
        var proposer = Self.preparing()
        #expect(proposer.promised(by: Self.voters[0], accepted: nil) == nil)
        #expect(proposer.promised(by: Self.voters[0], accepted: nil) == nil)
        #expect(proposer.promised(by: Self.voters[1], accepted: nil) != nil)
        _ = proposer.propose([1])
        #expect(proposer.accepted(by: Self.voters[0]) == nil)
        #expect(proposer.accepted(by: Self.voters[0]) == nil)
        #expect(
            proposer.accepted(by: Self.voters[2])
                == .chosen(Accepted(ballot: Self.ballot, value: [1])))
    }

    @Test("P3: a refusal is never counted as an answer, and its voter's promise comes too late")
    func refusedFirst() {
        var proposer = Self.preparing()
        #expect(proposer.refused(by: Self.voters[0], promised: nil) == nil)
        #expect(proposer.promised(by: Self.voters[0], accepted: nil) == nil)
        #expect(proposer.promised(by: Self.voters[1], accepted: nil) == nil)
        #expect(proposer.promised(by: Self.voters[2], accepted: nil) != nil)
    }

    @Test("an acceptance before anything was proposed, and a promise after, count for nothing")
    func wrongPhase() {
        var proposer = Self.preparing()
        #expect(proposer.accepted(by: Self.voters[0]) == nil)
        #expect(proposer.accepted(by: Self.voters[1]) == nil)
        _ = proposer.promised(by: Self.voters[0], accepted: nil)
        _ = proposer.promised(by: Self.voters[1], accepted: nil)
        #expect(proposer.accepted(by: Self.voters[2]) == nil)
        #expect(proposer.refused(by: Self.voters[2], promised: nil) == nil)
        _ = proposer.propose([1])
        #expect(proposer.promised(by: Self.voters[2], accepted: Self.accepted(8)) == nil)
        #expect(proposer.accepted(by: Self.voters[2]) == nil)
    }

    @Test("P7: when no majority can be had any more, the highest ballot that won is named")
    func beaten() {
        var proposer = Self.preparing(5)
        let lower = Ballot(counter: 10, incarnation: 1)
        let higher = Ballot(counter: 12, incarnation: 0)
        #expect(proposer.refused(by: Self.voters[0], promised: higher) == nil)
        #expect(proposer.refused(by: Self.voters[0], promised: higher) == nil)
        #expect(proposer.refused(by: Self.voters[1], promised: nil) == nil)
        #expect(
            proposer.refused(by: Self.voters[2], promised: lower) == .beaten(highest: higher))
        #expect(proposer.promised(by: Self.voters[3], accepted: nil) == nil)
        #expect(proposer.refused(by: Self.voters[4], promised: higher) == nil)
    }

    @Test("S2: refusals without a ballot beat it and name none")
    func beatenByRule() {
        var proposer = Proposer(fastBallot: Self.ballot, voterCount: 3)
        _ = proposer.propose([1])
        _ = proposer.refused(by: Self.voters[0], promised: nil)
        #expect(proposer.refused(by: Self.voters[1], promised: nil) == .beaten(highest: nil))
    }

    @Test("P6: a fast ballot proposes at once and needs a majority like any other")
    func fast() {
        var proposer = Proposer(fastBallot: Self.ballot, voterCount: 3)
        #expect(proposer.promised(by: Self.voters[0], accepted: nil) == nil)
        #expect(proposer.propose([7]) == Accepted(ballot: Self.ballot, value: [7]))
        #expect(proposer.accepted(by: Self.voters[0]) == nil)
        #expect(!proposer.wasRefused)
        #expect(proposer.refused(by: Self.voters[1], promised: Self.ballot.next) == nil)
        #expect(
            proposer.accepted(by: Self.voters[2])
                == .chosen(Accepted(ballot: Self.ballot, value: [7])))
        #expect(proposer.wasRefused, "P2: the next one is burnt")
    }
}
