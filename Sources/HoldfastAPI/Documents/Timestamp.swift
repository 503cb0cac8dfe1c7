internal import FoundationEssentials
package import HoldfastCore

/// Wall time as the API writes it: RFC 3339, UTC, milliseconds: `2026-07-01T12:00:00.000Z`.
package enum Timestamp {
    package static func text(_ time: WallTime) -> String {
        // Split in whole numbers: a Date counts in Doubles from 2001 and would lose the last digit.
        let (seconds, rest) = time.milliseconds.quotientAndRemainder(dividingBy: 1000)
        let (second, fraction) = rest < 0 ? (seconds - 1, rest + 1000) : (seconds, rest)
        let whole = Date(timeIntervalSince1970: Double(second)).formatted(.iso8601)
        let digits = String(1000 + fraction).dropFirst()
        return "\(whole.dropLast()).\(digits)Z"
    }

    /// Reads what `text` writes; `nil` for anything else.
    package static func time(_ text: String) -> WallTime? {
        let style = Date.ISO8601FormatStyle(includingFractionalSeconds: true)
        guard let date = try? style.parse(text) else { return nil }
        let milliseconds = (date.timeIntervalSince1970 * 1000).rounded()
        return Int64(exactly: milliseconds).map(WallTime.init(milliseconds:))
    }
}
