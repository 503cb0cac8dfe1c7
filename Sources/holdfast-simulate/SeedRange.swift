import ArgumentParser

/// `A..B`, both included.
struct SeedRange: ExpressibleByArgument {
    let range: ClosedRange<UInt64>

    init?(argument: String) {
        let parts = argument.split(separator: ".", omittingEmptySubsequences: true)
        guard parts.count == 2, let first = UInt64(parts[0]), let last = UInt64(parts[1]),
            first <= last, last - first < 100_000_000
        else { return nil }
        self.range = first...last
    }
}
