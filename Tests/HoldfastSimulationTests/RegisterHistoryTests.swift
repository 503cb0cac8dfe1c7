import HoldfastPaxos
import HoldfastSimulation
import Testing

/// The onlooker's memory, tried with histories that are right and wrong.
@Suite struct RegisterHistoryTests {
    private func accepted(_ counter: UInt64, _ value: UInt8) -> Accepted {
        Accepted(ballot: Ballot(counter: counter, incarnation: 1), value: [value])
    }

    private func ballot(_ counter: UInt64) -> Ballot { Ballot(counter: counter, incarnation: 1) }

    @Test("a value is chosen once a majority holds it under one ballot")
    func majority() {
        var history = RegisterHistory()
        #expect(history.persisted(by: 0, self.accepted(1, 7), majority: 2) == .nothing)
        #expect(history.persisted(by: 0, self.accepted(1, 7), majority: 2) == .nothing)
        #expect(history.persisted(by: 1, self.accepted(2, 7), majority: 2) == .nothing)
        #expect(history.newest == nil)
        #expect(history.persisted(by: 2, self.accepted(1, 7), majority: 2) == .chosen(before: nil))
        #expect(history.isChosen(self.ballot(1)))
        #expect(!history.isChosen(self.ballot(2)))
    }

    @Test("one that reaches its majority late takes its place in the order of ballots")
    func late() {
        var history = RegisterHistory()
        _ = history.persisted(by: 0, self.accepted(1, 7), majority: 2)
        _ = history.persisted(by: 0, self.accepted(2, 8), majority: 2)
        _ = history.persisted(by: 1, self.accepted(2, 8), majority: 2)
        #expect(history.persisted(by: 2, self.accepted(1, 7), majority: 2) == .chosenLate)
        #expect(history.versions.map(\.value) == [[7], [8]])
        #expect(history.newest?.value == [8])
    }

    @Test("an answer is right if it was the newest at some moment since the question")
    func held() {
        var history = RegisterHistory()
        for counter in UInt64(1)...3 {
            for host in 0..<2 {
                _ = history.persisted(
                    by: host, self.accepted(counter, UInt8(counter)), majority: 2)
            }
        }
        #expect(history.held([2], since: self.ballot(2)))
        #expect(history.held([3], since: self.ballot(2)))
        #expect(!history.held([1], since: self.ballot(2)), "it was overwritten before")
        #expect(!history.held([9], since: nil), "it was never chosen")
        #expect(!history.held(nil, since: self.ballot(1)), "something was chosen before")
        #expect(history.held(nil, since: nil))
    }
}
