/// Measurements of one thing, in the order in which they were made; in seconds.
struct Sample {
    private(set) var values: [Double] = []

    init(_ values: some Sequence<Double> = []) {
        self.values = Array(values)
    }

    mutating func add(_ seconds: Double) { self.values.append(seconds) }

    /// The value below which this part of all lies; 0 where nothing was measured.
    func quantile(_ part: Double) -> Double {
        let sorted = self.values.sorted()
        guard !sorted.isEmpty else { return 0 }
        return sorted[min(sorted.count - 1, Int(Double(sorted.count) * part))]
    }

    var median: Double { self.quantile(0.5) }

    /// Times `body`, `count` times.
    static func of(_ count: Int, _ body: () throws -> Void) rethrows -> Sample {
        var sample = Sample()
        for _ in 0..<count {
            let start = Clock.now()
            try body()
            sample.add(Clock.now() - start)
        }
        return sample
    }
}
