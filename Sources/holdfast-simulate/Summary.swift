import HoldfastSimulation

/// What many worlds went through, in columns.
enum Summary {
    static func print(_ figures: Figures) {
        Self.line("virtual time", "\(figures.virtualTime)")
        for (name, field) in Figures.counters { Self.line(name, "\(figures[keyPath: field])") }
        Self.line("worst failover", "\(figures.worstFailover)")
        Self.line("worst settling", "\(figures.worstSettling)")
    }

    static func printSpeed(_ virtual: Duration, _ spent: Duration) {
        let minutes = (virtual / spent / 6).rounded() / 10
        Self.line("real time", "\(spent)")
        Self.line("speed", "\(minutes) virtual minutes per real second")
    }

    static func hexadecimal(_ word: UInt64) -> String {
        let digits = String(word, radix: 16)
        return String(repeating: "0", count: 16 - digits.utf8.count) + digits
    }

    private static func line(_ name: String, _ value: String) {
        let padding = String(repeating: " ", count: max(1, 26 - name.utf8.count))
        Swift.print("\(name)\(padding)\(value)")
    }
}
