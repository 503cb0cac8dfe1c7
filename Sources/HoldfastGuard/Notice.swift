import HoldfastLinux

/// The guard's log: single lines on standard error, one write each.
enum Notice {
    /// - Parameters:
    ///   - message: Constant, so that it can be searched for.
    ///   - values: What differs, in order.
    static func write(
        _ message: StaticString, _ values: KeyValuePairs<StaticString, String> = [:]
    ) {
        var line = "holdfast-guard: notice: \(message)"
        for (key, value) in values { line += " \(key)=\(Self.quoted(value))" }
        ThisProcess.writeError(line + "\n")
    }

    /// As it is, or in quotes where a reader could not see its end; one line in any case.
    private static func quoted(_ value: String) -> String {
        let isPlain = value.unicodeScalars.allSatisfy { scalar in
            scalar.value > 0x20 && scalar.value != 0x22 && scalar.value < 0x7F
        }
        guard !isPlain || value.isEmpty else { return value }
        return "\"" + value.unicodeScalars.map { scalar in scalar.escaped(asASCII: true) }.joined()
            + "\""
    }
}
