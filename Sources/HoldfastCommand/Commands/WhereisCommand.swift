internal import ArgumentParser
internal import HoldfastAPI
internal import HoldfastCore

/// Says on which host a key runs, and as which process.
struct WhereisCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "whereis",
        abstract: "Print 'HOST PID' of a running key; start it first if it starts on demand.",
        discussion: """
            A quorum is asked, so the answer was true after the question was put.

            Exit status: 0 it runs; 3 it doesn't; 4 nobody declared it; 69 no quorum or no agent.
            """)

    @Argument(help: "The key.", transform: Key.argument)
    var key: Key

    @Flag(help: "Print all that is known as JSON, whatever its state.")
    var json = false

    @Option(
        help: .init("Wait so long for it to run, such as 30s.", valueName: "duration"),
        transform: Duration.argument)
    var wait: Duration?

    @Flag(help: "Only look; don't start a key that starts on demand.")
    var noStart = false

    @Flag(help: "Answer from what this host last heard, which works without a quorum.")
    var stale = false

    @OptionGroup var connection: ConnectionOptions

    func run() throws {
        let client = try self.connection.client()
        let question = WhereisQuestion(
            start: !self.noStart && !self.stale, stale: self.stale, wait: self.wait)
        let document = try WaitNotice.during("\(self.key) to run") {
            try client.whereis(self.key, question)
        }
        if self.json { try Output.json(document) }
        if document.basis == .cache {
            Output.error("holdfast: from this host's memory; it may be out of date")
        }
        try Place.show(document, quiet: self.json)
    }
}
