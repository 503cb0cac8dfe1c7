internal import ArgumentParser
internal import HoldfastAPI
internal import HoldfastCore

/// Shows what a job wrote, whichever host runs it.
struct LogsCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "logs", abstract: "Show what a job wrote, whichever host runs it.",
        discussion: "Exit status: 0 shown; 4 nobody declared it; 69 it can't be reached.")

    @Argument(help: "The key.", transform: Key.argument)
    var key: Key

    @Flag(name: .shortAndLong, help: "Go on with what it writes from now on.")
    var follow = false

    @Option(
        name: [.customShort("n"), .long],
        help: .init("How many of the last lines to show.", valueName: "count"))
    var lines = 100

    @OptionGroup var connection: ConnectionOptions

    func validate() throws {
        let limit = APILimits().logLines
        guard (0...limit).contains(self.lines) else {
            throw ValidationError("-n takes a number from 0 to \(limit)")
        }
    }

    func run() throws {
        let client = try self.connection.client()
        try client.logs(self.key, lines: self.lines, follow: self.follow) { Output.write($0) }
    }
}
