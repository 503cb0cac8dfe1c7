/// The source of randomness of a core: seeded from outside, so that a run can be repeated.
///
/// xoshiro256** 1.0 with 256 bits of state: enough that the 128-bit nonces of different
/// processes, seeded by the system, never meet. Not for secrets.
///
/// Source: Blackman and Vigna, "Scrambled Linear Pseudorandom Number Generators" (2021).
package struct Randomness: RandomNumberGenerator, Hashable, Sendable {
    private var a: UInt64
    private var b: UInt64
    private var c: UInt64
    private var d: UInt64

    /// - Precondition: Not all words are zero.
    package init(words a: UInt64, _ b: UInt64, _ c: UInt64, _ d: UInt64) {
        precondition(a | b | c | d != 0, "xoshiro256 cannot leave the state of all zeros")
        (self.a, self.b, self.c, self.d) = (a, b, c, d)
    }

    /// For tests and simulations: expands one word by SplitMix64, as the authors advise.
    package init(seed: UInt64) {
        var state = seed
        func next() -> UInt64 {
            state &+= 0x9E37_79B9_7F4A_7C15
            return StableHash.mix(state)
        }
        (self.a, self.b, self.c, self.d) = (next(), next(), next(), next())
    }

    package mutating func next() -> UInt64 {
        let result = Self.rotate(self.b &* 5, by: 7) &* 9
        let shifted = self.b << 17
        self.c ^= self.a
        self.d ^= self.b
        self.b ^= self.c
        self.a ^= self.d
        self.c ^= shifted
        self.d = Self.rotate(self.d, by: 45)
        return result
    }

    package mutating func nextIdentifier() -> Identifier128 {
        Identifier128(high: self.next(), low: self.next())
    }

    /// A span drawn evenly from zero up to `limit` ("full jitter").
    package mutating func upTo(_ limit: Duration) -> Duration {
        let nanoseconds = max(1, limit.wholeNanoseconds)
        return .nanoseconds(Int64(self.next() % UInt64(nanoseconds)))
    }

    private static func rotate(_ value: UInt64, by count: UInt64) -> UInt64 {
        (value << count) | (value >> (64 - count))
    }
}
