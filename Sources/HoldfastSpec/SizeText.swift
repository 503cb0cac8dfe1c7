/// Sizes as people write them: `512K`, `10M`, `1G`, or plain bytes; K is 1024.
enum SizeText {
    private static let units: [(letter: Character, bytes: UInt64)] = [
        ("G", 1 << 30), ("M", 1 << 20), ("K", 1 << 10),
    ]

    static func parse(_ text: String) -> UInt64? {
        let unit = Self.units.first { $0.letter == text.last }
        let digits = unit == nil ? Substring(text) : text.dropLast()
        guard !digits.isEmpty, digits.utf8.allSatisfy({ (0x30...0x39).contains($0) }),
            let count = UInt64(digits)
        else { return nil }
        let (bytes, overflow) = count.multipliedReportingOverflow(by: unit?.bytes ?? 1)
        return overflow ? nil : bytes
    }

    /// The shortest text that `parse` reads back as `bytes`.
    static func format(_ bytes: UInt64) -> String {
        let unit = Self.units.first { bytes > 0 && bytes.isMultiple(of: $0.bytes) }
        return unit.map { "\(bytes / $0.bytes)\($0.letter)" } ?? "\(bytes)"
    }

    /// What a text such as `10MB`, `10 m` or `10MiB` was meant to be.
    static func correction(of text: String) -> String? {
        var compact = text.uppercased().filter { $0 != " " }
        for ending in ["IB", "B"] where compact.hasSuffix(ending) {
            compact.removeLast(ending.count)
        }
        return Self.parse(compact) == nil ? nil : compact
    }
}
