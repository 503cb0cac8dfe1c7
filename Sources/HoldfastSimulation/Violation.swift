/// A promise that was not kept, and the invariant of simulation.md that names it.
package struct Violation: Error, Hashable, Sendable, CustomStringConvertible {
    package enum Rule: String, Hashable, Sendable, CaseIterable {
        case onePerKey = "I1"
        case tokensRise = "I2"
        case oneBallotOneValue = "I3"
        case linearizable = "I4"
        case durableBeforeReply = "I5"
        case closedIsOver = "I6"
        case noAcknowledgementAfterClosing = "I7"
        case launchOnlyWhatIsChosen = "I8"
        case liveness = "I12"
        /// The core asked to be stopped, or never came to rest.
        case defect = "defect"
    }

    package var rule: Rule
    package var time: VirtualTime
    package var text: String

    package init(_ rule: Rule, at time: VirtualTime, _ text: String) {
        self.rule = rule
        self.time = time
        self.text = text
    }

    package var description: String { "\(self.rule.rawValue) at \(self.time): \(self.text)" }
}
