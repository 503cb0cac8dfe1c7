internal import ArgumentParser
internal import HoldfastAPI
internal import HoldfastCore
internal import HoldfastJobs
internal import HoldfastSpec

/// Prints declarations as the cluster has them.
struct GetCommand: ParsableCommand {
    enum Format: String, ExpressibleByArgument, CaseIterable {
        case yaml, json
    }

    static let configuration = CommandConfiguration(
        commandName: "get",
        abstract: "Print what is declared, in the form of a jobs file or as JSON.",
        discussion: "Exit status: 0 printed; 4 a key that nobody declared; 69 no quorum.")

    @Argument(help: "The keys; without any: all.", transform: Key.argument)
    var keys: [Key] = []

    @Option(name: .shortAndLong, help: "The form of the output.")
    var output = Format.yaml

    @OptionGroup var connection: ConnectionOptions

    func run() throws {
        let client = try self.connection.client()
        let documents =
            try self.keys.isEmpty
            ? client.keys().keys : self.keys.map { try client.whereis($0, WhereisQuestion()) }
        switch self.output {
        case .json:
            try Output.json(KeyList(keys: documents))
        case .yaml:
            Output.write(Array(try Self.yaml(documents).utf8))
        }
    }

    private static func yaml(_ documents: [KeyDocument]) throws -> String {
        var jobs: [(key: Key, spec: JobSpec)] = []
        for document in documents {
            guard let job = document.job else { continue }
            let key = try Key(document.key)
            if JobsFile.isTemplate(key) {
                Output.error(
                    "holdfast: '\(key)' is left out; a jobs file would take it for a template; "
                        + "use -o json")
                continue
            }
            jobs.append((key, try job.spec()))
        }
        return JobsFile.write(jobs)
    }
}
