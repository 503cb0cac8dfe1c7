package import HoldfastCore

/// Choices that a simulation makes; each draws exactly one word, so that traces stay aligned.
extension Randomness {
    /// True with this probability; never at 0, always at 1.
    package mutating func chance(_ probability: Double) -> Bool {
        Double(self.next() >> 11) / Double(1 << 53) < probability
    }

    /// - Precondition: `limit` is above 0.
    package mutating func below(_ limit: Int) -> Int {
        Int(self.next() % UInt64(limit))
    }

    package mutating func between(_ low: Duration, _ high: Duration) -> Duration {
        low + self.upTo(high - low)
    }

    /// - Precondition: There is something to pick.
    package mutating func pick<Element>(_ elements: [Element]) -> Element {
        elements[self.below(elements.count)]
    }
}
