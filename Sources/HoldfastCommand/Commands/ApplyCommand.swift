internal import ArgumentParser
internal import HoldfastAPI
internal import HoldfastCore
internal import HoldfastSpec

/// Declares every job of a file.
struct ApplyCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "apply",
        abstract: "Declare the jobs of a file; those that are so already are left alone.",
        discussion: """
            A file with a mistake declares nothing. Keys that the file doesn't name stay.

            Exit status: 0 declared; 1 some could not be; 65 the file is wrong; 69 no quorum; \
            75 of some it isn't known.
            """)

    @Argument(help: "The file; '-' for standard input.", completion: .file(extensions: ["yaml"]))
    var file: String

    @Flag(help: "Print the outcome of each job as JSON.")
    var json = false

    @OptionGroup var connection: ConnectionOptions

    func run() throws {
        let bytes = try InputFile.read(self.file)
        let jobs = try JobsFile.read(bytes: bytes, file: InputFile.name(self.file))
        let client = try self.connection.client()
        let request = ApplyRequest(
            jobs: jobs.jobs.map { .init(key: $0.key.text, job: JobDocument($0.spec)) })
        let result = try WaitNotice.during("the cluster to take \(self.file)") {
            try client.apply(request)
        }
        if self.json {
            try Output.json(result)
        } else {
            for line in Self.table(result).lines(.ofOutput) { Output.line(line) }
        }
        try Self.conclude(result)
    }

    static func table(_ result: ApplyResult) -> Table {
        var table = Table(["KEY", "OUTCOME", "NOTE"])
        for row in result.results {
            table.add([
                .init(Printable.shellWord(row.key)),
                .init(row.outcome.rawValue, row.outcome.colour), .init(row.error ?? ""),
            ])
        }
        return table
    }

    private static func conclude(_ result: ApplyResult) throws(CommandFailure) {
        let failed = result.results.count { $0.outcome == .failed }
        let unknown = result.results.count { $0.outcome == .unknown }
        guard failed + unknown > 0 else { return }
        throw CommandFailure(
            what: "cannot say that every job is declared",
            why: "\(failed) failed, \(unknown) with unknown outcome, "
                + "of \(result.results.count)",
            next: "apply the file again: what is declared stays as it is",
            exitStatus: failed > 0 ? .negative : .temporary)
    }
}

extension ApplyResult.Outcome {
    fileprivate var colour: Style.Colour? {
        switch self {
        case .created, .changed: .good
        case .unchanged: .quiet
        case .failed: .bad
        case .unknown: .doubtful
        }
    }
}
