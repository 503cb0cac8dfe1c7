import HoldfastCore

/// Randomness seeded with 256 bits of the system's.
enum SystemRandomness {
    static func identifier() -> Identifier128 {
        var seeded = Self.seed()
        return seeded.nextIdentifier()
    }

    static func seed() -> Randomness {
        var system = SystemRandomNumberGenerator()
        // All zeros, which the generator could not leave, are a coincidence of 1 in 2^256.
        return Randomness(words: system.next() | 1, system.next(), system.next(), system.next())
    }
}
