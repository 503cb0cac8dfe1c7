import HoldfastSessions
import Testing

@Suite("Lease settings")
struct LeaseSettingsTests {
    private static func changed(
        _ change: (inout LeaseSettings) -> Void
    ) -> [LeaseSettings.Mistake] {
        var settings = LeaseSettings.defaults()
        change(&settings)
        return settings.check()
    }

    @Test("the defaults for six seconds are those of S6")
    func defaults() {
        let expected = LeaseSettings(
            term: .seconds(6), heartbeat: .seconds(1), soft: .milliseconds(3_600),
            fence: .milliseconds(4_200), wakeUp: .milliseconds(300), kill: .milliseconds(1_200),
            clockRateBound: 0.002)
        #expect(LeaseSettings.defaults() == expected)
    }

    @Test(
        "the defaults are safe for every term that may be set",
        arguments: [1_000, 1_001, 1_777, 6_000, 59_999, 600_000])
    func safe(milliseconds: Int64) {
        #expect(LeaseSettings.defaults(term: .milliseconds(milliseconds)).check().isEmpty)
    }

    @Test("S6 is refused with the inequality and its numbers")
    func unsafe() throws {
        let mistakes = Self.changed { $0.fence = .milliseconds(4_800) }
        let mistake = try #require(mistakes.first)
        #expect(mistakes.count == 1)
        #expect(mistake.field == .fence)
        #expect(
            mistake.message == """
                unsafe: fence + wake_up + kill ≤ term × (1 − ρ) / (1 + ρ) does not hold: \
                4.8s + 300ms + 1.2s = 6.3s > 5.976s (term 6s, ρ 0.002); \
                a second copy could start before the first is dead: lower fence or raise term
                """)
    }

    @Test("S6 holds up to the bound and not one millisecond beyond")
    func bound() {
        // 6 s × 0.998 / 1.002 = 5976.04… ms, of which wake_up and kill take 1500.
        #expect(Self.changed { $0.fence = .milliseconds(4_476) }.isEmpty)
        #expect(Self.changed { $0.fence = .milliseconds(4_477) }.map(\.field) == [.fence])
        let exact = Self.changed {
            $0.clockRateBound = 0
            $0.fence = .milliseconds(4_500)
        }
        #expect(exact.isEmpty)
    }

    @Test("every other rule is told with the setting that breaks it")
    func rules() {
        #expect(Self.changed { $0.heartbeat = .milliseconds(1_801) }.map(\.field) == [.heartbeat])
        #expect(Self.changed { $0.heartbeat = .zero }.map(\.field) == [.heartbeat])
        #expect(Self.changed { $0.soft = .milliseconds(4_201) }.map(\.field) == [.soft])
        #expect(Self.changed { $0.clockRateBound = 0.1 }.map(\.field) == [.clockRateBound])
        #expect(Self.changed { $0.clockRateBound = -0.1 }.map(\.field) == [.clockRateBound])
        #expect(Self.changed { $0.clockRateBound = .nan }.map(\.field) == [.clockRateBound])
        #expect(Self.changed { $0.kill = .zero - .seconds(1) }.map(\.field) == [.kill])
        let tooShort = LeaseSettings.defaults(term: .milliseconds(999)).check()
        #expect(tooShort.map(\.message) == ["term must be 1s to 10m, not 999ms"])
    }
}
