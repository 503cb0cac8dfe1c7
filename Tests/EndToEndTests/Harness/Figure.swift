/// A time that was measured, told on standard output.
enum Figure {
    static func tell(_ what: String, _ seconds: Double) {
        print("figure: \(what): \((seconds * 10_000).rounded() / 10) ms")
    }
}
