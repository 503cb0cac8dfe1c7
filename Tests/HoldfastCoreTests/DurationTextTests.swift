import HoldfastCore
import Testing

@Suite("Durations as text")
struct DurationTextTests {
    @Test(
        "a duration is read and written in its shortest form",
        arguments: [
            ("0", "0s", 0), ("0s", "0s", 0), ("1ms", "1ms", 1), ("999ms", "999ms", 999),
            ("1000ms", "1s", 1_000), ("3.6s", "3.6s", 3_600), ("1s500ms", "1.5s", 1_500),
            ("90s", "1m30s", 90_000), ("1m30s", "1m30s", 90_000), ("1m0.05s", "1m0.05s", 60_050),
            ("1.5h", "1h30m", 5_400_000), ("2d", "2d", 172_800_000), ("48h", "2d", 172_800_000),
            ("1d1ms", "1d0.001s", 86_400_001), ("3650d", "3650d", 315_360_000_000),
        ])
    func form(text: String, canonical: String, milliseconds: Int64) throws {
        let duration = try DurationText.parse(text)
        #expect(duration == .milliseconds(milliseconds))
        #expect(DurationText.format(duration) == canonical)
        #expect(try DurationText.parse(canonical) == duration)
    }

    @Test(
        "what is no duration is refused with a reason",
        arguments: [
            ("", "not a duration such as 500ms, 10s or 1m30s", nil),
            ("soon", "not a duration such as 500ms, 10s or 1m30s", nil),
            ("-1s", "not a duration such as 500ms, 10s or 1m30s", nil),
            ("1 s", "not in units of d, h, m, s or ms", nil),
            ("1.s", "not a duration such as 500ms, 10s or 1m30s", nil),
            ("10", "a number without a unit (d, h, m, s, ms)", "10s"),
            ("1m30", "a number without a unit (d, h, m, s, ms)", "1m30s"),
            ("5min", "not in units of d, h, m, s or ms", nil),
            ("30s1m", "with its units repeated or out of order (d, h, m, s, ms)", nil),
            ("1s1s", "with its units repeated or out of order (d, h, m, s, ms)", nil),
            ("0.5ms", "finer than a millisecond", nil),
            ("0.0001s", "finer than a millisecond", nil),
            ("3651d", "longer than ten years (3650d)", nil),
            ("3650d1ms", "longer than ten years (3650d)", nil),
            ("999999999999d", "longer than ten years (3650d)", nil),
            ("9999999999999s", "not a duration such as 500ms, 10s or 1m30s", nil),
        ] as [(String, String, String?)])
    func refused(text: String, reason: String, suggestion: String?) {
        #expect(throws: InvalidDuration(reason: reason, suggestion: suggestion)) {
            try DurationText.parse(text)
        }
    }

    @Test("parts below a millisecond are rounded up, never away")
    func rounding() {
        #expect(DurationText.format(.nanoseconds(1)) == "1ms")
        #expect(DurationText.format(.nanoseconds(999_999_999)) == "1s")
        #expect(DurationText.format(.seconds(-2)) == "-2s")
    }
}
