internal import ArgumentParser
internal import Glibc
internal import HoldfastAPI
internal import HoldfastCore
internal import HoldfastJobs
internal import HoldfastSpec

/// Declares a key from the command line and starts it, unless it is there already.
struct RunCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "run",
        abstract: "Run a command under a key, on one host of the cluster, and print 'HOST PID'.",
        usage: "holdfast run KEY [options] -- COMMAND [ARGUMENT …]",
        discussion: """
            If the key is declared already, this only says where it runs. The command runs on \
            any host that fits, so it must be there: a name is looked up in the PATH of the host, \
            a path is taken from the present directory.

            Exit status: 0 it runs, or has finished; 3 not when the wait was over; 65 the options \
            make no job; 69 no quorum; 75 the outcome is not known.
            """)

    @Argument(help: "The key.", transform: Key.argument)
    var key: Key

    @Option(
        help: .init(
            "When to run it again: on-failure, always or never.", valueName: "policy"),
        completion: .list(["on-failure", "always", "never"]), transform: Self.condition)
    var restart = RestartPolicy.Condition.onFailure

    @Option(
        name: .customLong("env"),
        help: .init("Set a variable for it; may be repeated.", valueName: "name=value"),
        transform: Self.variable)
    var environment: [EnvironmentVariable] = []

    @Option(
        help: .init("Where it runs. (default: the present directory)", valueName: "path"),
        completion: .directory)
    var directory: String?

    @Option(help: .init("As whom it runs; a name or a number.", valueName: "user"))
    var user: String?

    @Option(help: .init("As which group it runs.", valueName: "group"))
    var group: String?

    @Option(
        help: .init("Only on hosts with this label; may be repeated.", valueName: "label=value"),
        transform: Self.label)
    var require: [Label] = []

    @Option(
        help: .init("Rather on hosts with this label.", valueName: "label=value"),
        transform: Self.label)
    var prefer: [Label] = []

    @OptionGroup var change: ChangeOptions
    @OptionGroup var connection: ConnectionOptions

    @Argument(
        parsing: .postTerminator, help: .init("The command, after '--'.", valueName: "command"))
    var command: [String] = []

    func validate() throws {
        guard !self.command.isEmpty else {
            throw ValidationError("there is no command; give it after '--'")
        }
    }

    func run() throws {
        let job = try self.job()
        let client = try self.connection.client()
        let document = try WaitNotice.during("\(self.key) to run") {
            try client.run(self.key, job, wait: self.change.span)
        }
        if self.change.json { try Output.json(document) }
        guard !self.change.noWait else { return }
        try Place.showOutcome(document, quiet: self.change.json)
    }

    /// The job that the options make, checked by the same rules as a file.
    private func job() throws -> JobDocument {
        let here = try Self.presentDirectory()
        var command = self.command
        if command[0].contains("/") { command[0] = Self.absolute(command[0], from: here) }
        // The last of two values for one name wins, as in env(1).
        var variables: [String: EnvironmentVariable] = [:]
        for variable in self.environment { variables[variable.name] = variable }
        let spec = JobSpec(
            command: command,
            environment: variables.values.sorted { $0.name < $1.name },
            directory: self.directory.map { Self.absolute($0, from: here) } ?? here,
            user: self.user, group: self.group,
            placement: Placement(require: self.require.sorted(), prefer: self.prefer.sorted()),
            restart: RestartPolicy(condition: self.restart))
        return JobDocument(try JobDocument(spec).spec())
    }

    private static func absolute(_ path: String, from directory: String) -> String {
        if path.hasPrefix("/") { return path }
        let plain = path.hasPrefix("./") ? String(path.dropFirst(2)) : path
        return directory == "/" ? "/\(plain)" : "\(directory)/\(plain)"
    }

    private static func presentDirectory() throws(CommandFailure) -> String {
        guard let path = getcwd(nil, 0) else {
            throw .system(
                "cannot tell the present directory", next: "name one with --directory",
                exitStatus: .system)
        }
        defer { free(path) }
        return String(cString: path)
    }

    private static func condition(_ text: String) throws -> RestartPolicy.Condition {
        switch text {
        case "always": return .always
        case "on-failure": return .onFailure
        case "never": return .never
        default: throw ValidationError("it is always, on-failure or never")
        }
    }

    private static func variable(_ text: String) throws -> EnvironmentVariable {
        let (name, value) = try Self.pair(text)
        return EnvironmentVariable(name: name, value: value)
    }

    private static func label(_ text: String) throws -> Label {
        let (name, value) = try Self.pair(text)
        return Label(name: name, value: value)
    }

    private static func pair(_ text: String) throws -> (String, String) {
        let parts = text.split(separator: "=", maxSplits: 1, omittingEmptySubsequences: false)
        guard parts.count == 2, !parts[0].isEmpty else {
            throw ValidationError("it has the form NAME=VALUE")
        }
        return (String(parts[0]), String(parts[1]))
    }
}
