/// How long to wait before the next try: doubling from 50 ms to 1 s, less a random part.
struct Backoff {
    private var ceiling = Self.least

    private static let least: Int64 = 50_000_000
    private static let most: Int64 = 1_000_000_000

    /// Between half of the present ceiling and all of it, in nanoseconds.
    mutating func next(using generator: inout some RandomNumberGenerator) -> Int64 {
        let delay = Int64.random(in: self.ceiling / 2...self.ceiling, using: &generator)
        self.ceiling = min(self.ceiling * 2, Self.most)
        return delay
    }
}
