import Glibc

/// Measures what issue and README promise, on three real hosts of this machine.
///
///     holdfast-benchmark DIRECTORY [PART…]
///
/// DIRECTORY must be empty, on the disk to be measured, and its path short. A PART is one of
/// `guard`, `changes`, `child`, `host`, `crowd`, `sizes`; without one, all are measured. The table
/// goes to standard output; exit status 0 if every target was met, 1 if not, 70 when something
/// could not be measured.
///
/// Every process it starts ends with it, however it ends.
@main
enum Benchmark {
    private static let parts = ["sizes", "guard", "changes", "child", "crowd", "host"]
    private static let fastTerm = 2.0
    private static let usualTerm = 6.0

    static func main() {
        let arguments = Array(CommandLine.arguments.dropFirst())
        let wanted = arguments.dropFirst()
        guard let directory = arguments.first, directory.hasPrefix("/"),
            wanted.allSatisfy(Self.parts.contains)
        else {
            Report.say("usage: holdfast-benchmark DIRECTORY [\(Self.parts.joined(separator: "|"))]")
            exit(64)
        }
        do {
            let report = try Self.measure(
                directory, Set(wanted.isEmpty ? Self.parts[...] : wanted))
            report.printTable()
            print("load of this machine at the end: \(try ProcessFacts.read("/proc/loadavg"))")
            exit(report.isMet ? 0 : 1)
        } catch {
            Report.say("\(error)")
            exit(70)
        }
    }

    private static func measure(_ directory: String, _ parts: Set<String>) throws -> Report {
        var report = Report()
        Report.say("load: \(try ProcessFacts.read("/proc/loadavg"))")
        let floors = try Floors.measure(directory)
        report.add("floor: fdatasync of 4 KiB overwritten", floors.sync)
        report.add("floor: 200 bytes over loopback and back", floors.loopback)
        report.add("floor: the same over a Unix socket", floors.unixSocket)
        report.add("floor: posix_spawn, until it executes", floors.spawn)
        report.add("floor: posix_spawn of our child, first line", floors.child)
        report.add("floor: child killed, until its parent has it", floors.end)
        report.add("floor: /bin/true, from start to end", floors.program)
        if parts.contains("sizes") {
            let programs = [Programs.command, Programs.agent, Programs.guardProgram]
            for (name, program) in zip(["holdfast", "holdfastd", "holdfast-guard"], programs) {
                report.add("size of \(name)", try Programs.megabytes(program), "MB")
            }
        }
        if parts.contains("guard") { try GuardFigures.measure(directory, floors, &report) }
        if !parts.isDisjoint(with: ["changes", "child", "crowd", "host"]) {
            try Self.measureHosts(directory, parts, floors, &report)
        }
        return report
    }

    private static func measureHosts(
        _ directory: String, _ parts: Set<String>, _ floors: Floors, _ report: inout Report
    ) throws {
        var measured = report
        defer { report = measured }
        try Cluster.run(directory + "/usual", term: Self.usualTerm) { cluster in
            if parts.contains("changes") {
                try ChangeFigures.measure(cluster, floors, &measured)
            }
            if parts.contains("child") {
                try LossFigures.measureChild(cluster, floors, &measured)
            }
            if parts.contains("host") {
                try LossFigures.measureHost(cluster, rounds: 1, &measured)
            }
            if parts.contains("crowd") {
                try CrowdFigures.measure(cluster, idle: 30, &measured)
            }
        }
        guard parts.contains("host") else { return }
        try Cluster.run(directory + "/fast", term: Self.fastTerm) { cluster in
            try LossFigures.measureHost(cluster, rounds: 5, &measured)
        }
    }
}
