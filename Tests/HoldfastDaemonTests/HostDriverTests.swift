import HoldfastCore
import HoldfastDaemon
import HoldfastJobs
import HoldfastNode
import Testing

@Suite("The driver of a host")
struct HostDriverTests {
    private static func declaration(_ word: String) -> RequestedChange {
        .declare(JobSpec(command: ["/bin/\(word)"], start: .onDemand))
    }

    private static func isChosen(_ response: NodeResponse) -> Bool {
        if case .chosen = response { true } else { false }
    }

    @Test("P4: an answer that asks on at once does not let its write overtake an earlier one")
    func answerThatAsks() throws {
        let host = try LoneHost()
        let (one, two) = (try Key("one"), try Key("two"))
        // Both keys have a ballot promised from now on, so that a change is a write at once.
        for key in [one, two] {
            let response: NodeResponse = try host.run { driver, promise in
                driver.ask(.change(key, Self.declaration("first"))) { promise.succeed($0) }
            }
            #expect(Self.isChosen(response))
        }
        let answers: [NodeResponse] = try host.run { driver, promise in
            var answers: [NodeResponse] = []
            func take(_ response: NodeResponse) {
                answers.append(response)
                if answers.count == 3 { promise.succeed(answers) }
            }
            driver.ask(.change(one, Self.declaration("second"))) { response in
                take(response)
                driver.ask(.change(two, Self.declaration("second")), take)
            }
            // Waits behind the first, and is written in the step that answers it.
            driver.ask(.change(one, Self.declaration("third")), take)
        }
        #expect(answers.allSatisfy(Self.isChosen))
        try host.end()
    }
}
