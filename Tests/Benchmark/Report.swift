import Glibc

/// The figures of a run, as one table.
struct Report {
    private struct Row {
        var cells: [String]
        var isMet: Bool?
    }

    private static let heads = ["figure", "p50", "p99", "floor", "p50/floor", "target", ""]
    private var rows: [Row] = []

    /// Whether every target was met.
    var isMet: Bool { !self.rows.contains { $0.isMet == false } }

    /// A time, beside what this machine needs at the least and what its median has to keep to;
    /// all in seconds.
    mutating func add(
        _ name: String, _ sample: Sample, floor: Double? = nil, target: Double? = nil
    ) {
        let median = sample.median
        self.rows.append(
            Row(
                cells: [
                    name, Self.time(median), Self.time(sample.quantile(0.99)),
                    floor.map(Self.time) ?? "", floor.map { Self.digits(median / $0) } ?? "",
                    target.map { "≤ " + Self.time($0) } ?? "",
                ], isMet: target.map { median <= $0 }))
        self.tell()
    }

    /// Anything else that is one number.
    mutating func add(_ name: String, _ value: Double, _ unit: String, target: Double? = nil) {
        self.rows.append(
            Row(
                cells: [
                    name, "\(Self.digits(value)) \(unit)", "", "", "",
                    target.map { "≤ \(Self.digits($0)) \(unit)" } ?? "",
                ], isMet: target.map { value <= $0 }))
        self.tell()
    }

    /// One line at once, for whoever watches.
    private func tell() {
        guard let row = self.rows.last else { return }
        Self.say(row.cells.filter { !$0.isEmpty }.joined(separator: "  "))
    }

    static func say(_ text: String) {
        let line = "benchmark: \(text)\n"
        _ = write(STDERR_FILENO, line, line.utf8.count)
    }

    func printTable() {
        let rows = self.rows.map { row in
            row.cells + [row.isMet.map { $0 ? "met" : "MISSED" } ?? ""]
        }
        let widths = Self.heads.indices.map { column in
            ([Self.heads] + rows).map { $0[column].count }.max() ?? 0
        }
        for row in [Self.heads] + rows {
            let cells = row.indices.map { column in
                let padding = String(repeating: " ", count: widths[column] - row[column].count)
                return column == 0 ? row[column] + padding : padding + row[column]
            }
            print(cells.joined(separator: "  "))
        }
    }

    private static func time(_ seconds: Double) -> String {
        switch seconds {
        case 1...: "\(Self.digits(seconds)) s"
        case 1e-3...: "\(Self.digits(seconds * 1e3)) ms"
        default: "\(Self.digits(seconds * 1e6)) µs"
        }
    }

    /// Three digits, or all before the point.
    private static func digits(_ value: Double) -> String {
        let factor = value < 10 ? 100.0 : value < 100 ? 10 : 1
        let rounded = (value * factor).rounded() / factor
        return factor == 1 ? "\(Int(rounded))" : "\(rounded)"
    }
}
