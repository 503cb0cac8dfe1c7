import Glibc
import Testing

extension EndToEndTests {
    /// Goal: never two, and always one again, whatever part of a host dies or sleeps.
    ///
    /// Method: one witness for each action at the deadline; attacks in a random order at random
    /// moments; after each, every line that any witness ever wrote is checked.
    @Suite("Torture")
    struct TortureTests {
        /// `HOLDFAST_ROUNDS`, by default each attack once.
        private static var roundCount: Int {
            getenv("HOLDFAST_ROUNDS").flatMap { Int(String(cString: $0)) }
                ?? Attack.allCases.count
        }

        @Test(
            "Never two and one again, whatever is killed, paused or stopped (C1, S6, S10, S11, G3, G4)",
            .timeLimit(.minutes(120)))
        func rounds() throws {
            let chance = Chance()
            print("torture: HOLDFAST_SEED=\(chance.seed) HOLDFAST_ROUNDS=\(Self.roundCount)")
            try Cluster.runFormed(Cluster.Options(term: 1.5)) { cluster in
                var torture = Torture(cluster, chance)
                try torture.declare()
                var attacks: [Attack] = []
                for number in 1...max(1, Self.roundCount) {
                    if attacks.isEmpty {
                        attacks = Attack.allCases.shuffled(using: &torture.chance)
                    }
                    let attack = attacks.removeLast()
                    let start = Instant.now()
                    try torture.round(attack)
                    print("torture: round \(number) \(attack) \(Instant.now() - start) s")
                }
                for subject in torture.subjects {
                    print("torture: \(subject.key) ran \(subject.log.runs.count) times")
                }
                Figure.tell("longest wait for all to run again", torture.longestAbsence)
            }
        }
    }
}
