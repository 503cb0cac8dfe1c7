internal import ArgumentParser
internal import HoldfastAPI
internal import HoldfastCore

/// Asks for a declared key to run.
struct StartCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "start",
        abstract: "Start a declared key and print 'HOST PID'.",
        discussion: """
            A key that had failed too often gets a new chance. One that runs goes on.

            Exit status: 0 it runs; 3 not yet when the wait was over; 4 nobody declared it.
            """)

    @Argument(help: "The key.", transform: Key.argument)
    var key: Key

    @OptionGroup var change: ChangeOptions
    @OptionGroup var connection: ConnectionOptions

    func run() throws {
        let client = try self.connection.client()
        let document = try WaitNotice.during("\(self.key) to run") {
            try client.start(self.key, wait: self.change.span)
        }
        if self.change.json { try Output.json(document) }
        guard !self.change.noWait else { return }
        try Place.showOutcome(document, quiet: self.change.json)
    }
}
