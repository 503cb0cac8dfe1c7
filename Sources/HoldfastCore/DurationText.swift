/// Durations as people write them: `500ms`, `10s`, `1m30s`, `3.6s`, `2d`.
///
/// Units are `d`, `h`, `m`, `s` and `ms`, each at most once and in this order; a number may have
/// decimals as long as the whole comes to full milliseconds. A lone `0` needs no unit.
package enum DurationText {
    /// The longest duration that can be written: ten years of 365 days.
    package static let longest = Duration.seconds(3650 * 86_400)

    private static let units: [(name: String, milliseconds: Int64)] = [
        ("d", 86_400_000), ("h", 3_600_000), ("m", 60_000), ("s", 1_000), ("ms", 1),
    ]

    /// - Throws: `InvalidDuration`, with a correction where one is likely.
    package static func parse(_ text: String) throws(InvalidDuration) -> Duration {
        var rest = Substring(text).utf8
        guard !rest.isEmpty else { throw InvalidDuration(reason: Self.form) }
        if text == "0" { return .zero }
        var total: Int64 = 0
        var unitsLeft = Self.units[...]
        while !rest.isEmpty {
            let number = try Number(&rest)
            let name = Self.takeLetters(&rest)
            guard !name.isEmpty else {
                throw InvalidDuration(
                    reason: "a number without a unit (d, h, m, s, ms)",
                    suggestion: rest.isEmpty ? text + "s" : nil)
            }
            guard let index = unitsLeft.firstIndex(where: { $0.name == name }) else {
                throw Self.refusal(of: name, after: total)
            }
            total += try number.milliseconds(of: unitsLeft[index].milliseconds)
            guard total <= Self.longest.components.seconds * 1_000 else {
                throw InvalidDuration(reason: "longer than ten years (3650d)")
            }
            unitsLeft = unitsLeft[(index + 1)...]
        }
        return .milliseconds(total)
    }

    /// Writes `duration` so that `parse` reads it back; parts below a millisecond are rounded up.
    package static func format(_ duration: Duration) -> String {
        guard duration >= .zero else { return "-" + Self.format(.zero - duration) }
        let (seconds, attoseconds) = duration.components
        let fraction = (attoseconds + 999_999_999_999_999) / 1_000_000_000_000_000
        guard seconds > 0 || fraction == 1_000 else {
            return fraction == 0 ? "0s" : "\(fraction)ms"
        }
        var rest = seconds + fraction / 1_000
        var text = ""
        for (name, milliseconds) in Self.units.prefix(3) {
            let count = rest / (milliseconds / 1_000)
            rest %= milliseconds / 1_000
            text += count == 0 ? "" : "\(count)\(name)"
        }
        let decimals = Self.decimals(fraction % 1_000)
        return rest == 0 && decimals.isEmpty ? text : "\(text)\(rest)\(decimals)s"
    }

    private static let form = "not a duration such as 500ms, 10s or 1m30s"

    private static func decimals(_ thousandths: Int64) -> String {
        guard thousandths > 0 else { return "" }
        var digits = Substring("\(thousandths + 1_000)".dropFirst())
        while digits.last == "0" { digits.removeLast() }
        return "." + digits
    }

    private static func takeLetters(_ rest: inout Substring.UTF8View) -> String {
        let letters = rest.prefix { !(0x30...0x39).contains($0) }
        rest = rest.dropFirst(letters.count)
        return String(Substring(letters))
    }

    private static func refusal(of name: String, after total: Int64) -> InvalidDuration {
        guard Self.units.contains(where: { $0.name == name }) else {
            return InvalidDuration(reason: "not in units of d, h, m, s or ms")
        }
        return InvalidDuration(reason: "with its units repeated or out of order (d, h, m, s, ms)")
    }

    /// Digits, and perhaps a point and more digits; short enough that nothing can overflow.
    private struct Number {
        var whole: Int64
        var decimals: Int64 = 0
        var scale: Int64 = 1

        init(_ rest: inout Substring.UTF8View) throws(InvalidDuration) {
            self.whole = try Self.digits(&rest, limit: 12)
            guard rest.first == 0x2E else { return }
            rest = rest.dropFirst()
            let count = rest.count
            self.decimals = try Self.digits(&rest, limit: 6)
            for _ in 0..<(count - rest.count) { self.scale *= 10 }
        }

        func milliseconds(of unit: Int64) throws(InvalidDuration) -> Int64 {
            let (product, overflow) = self.whole.multipliedReportingOverflow(by: unit)
            guard !overflow, product <= DurationText.longest.components.seconds * 1_000 else {
                throw InvalidDuration(reason: "longer than ten years (3650d)")
            }
            guard (self.decimals * unit).isMultiple(of: self.scale) else {
                throw InvalidDuration(reason: "finer than a millisecond")
            }
            return product + self.decimals * unit / self.scale
        }

        private static func digits(
            _ rest: inout Substring.UTF8View, limit: Int
        ) throws(InvalidDuration) -> Int64 {
            let digits = rest.prefix { (0x30...0x39).contains($0) }
            guard (1...limit).contains(digits.count), let value = Int64(Substring(digits)) else {
                throw InvalidDuration(reason: DurationText.form)
            }
            rest = rest.dropFirst(digits.count)
            return value
        }
    }
}

/// Why a text is no duration: completes the sentence "it is …".
package struct InvalidDuration: Error, Equatable {
    package var reason: String
    package var suggestion: String?

    package init(reason: String, suggestion: String? = nil) {
        self.reason = reason
        self.suggestion = suggestion
    }
}
