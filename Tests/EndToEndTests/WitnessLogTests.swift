import Testing

extension EndToEndTests {
    /// The judge must see what it is there to see.
    @Suite("Witness log")
    struct WitnessLogTests {
        struct Testimony: CustomTestStringConvertible {
            let title: String
            let lines: [String]
            let violations: Int

            var testDescription: String { self.title }
        }

        static let all = [
            Testimony(
                title: "one after the other",
                lines: ["3 a 10 start 1", "3 a 10 beat 2", "7 b 11 start 3", "7 b 11 beat 4"],
                violations: 0),
            Testimony(
                title: "the older one acts again",
                lines: ["3 a 10 start 1", "7 b 11 start 2", "3 a 10 beat 3", "7 b 11 beat 4"],
                violations: 1),
            Testimony(
                title: "a token that falls", lines: ["7 b 11 start 1", "3 a 10 start 2"],
                violations: 1),
            Testimony(
                title: "one token, two processes", lines: ["3 a 10 start 1", "3 a 11 beat 2"],
                violations: 1),
            Testimony(
                title: "one token, started twice", lines: ["3 a 10 start 1", "3 a 10 start 2"],
                violations: 1),
            Testimony(title: "no start", lines: ["3 a 10 beat 1"], violations: 1),
            Testimony(
                title: "torn lines", lines: ["3 a 10 start 1", "3 a 10 be3 a 10 beat 2"],
                violations: 1),
        ]

        @Test("Every sign of two at once is a violation", arguments: Self.all)
        func judge(testimony: Testimony) throws {
            let scratch = try Scratch()
            defer { scratch.remove() }
            let path = scratch.path + "/witness"
            try TestFile.write(testimony.lines.joined(separator: "\n") + "\n", to: path)
            var log = WitnessLog(path)
            log.look()
            #expect(log.violations.count == testimony.violations, "\(log.violations)")
            // A second look takes nothing twice.
            log.look()
            #expect(log.violations.count == testimony.violations)
        }
    }
}
