internal import ArgumentParser
internal import HoldfastAPI
internal import HoldfastCore

/// Takes a declaration back.
struct DeleteCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "delete",
        abstract: "Stop a key and forget its declaration.",
        discussion: "Exit status: 0 deleted; 4 nobody declared it; 75 it isn't known.")

    @Argument(help: "The key.", transform: Key.argument)
    var key: Key

    @Flag(help: "Print what was known of it as JSON.")
    var json = false

    @OptionGroup var connection: ConnectionOptions

    func run() throws {
        let document = try self.connection.client().delete(self.key)
        if self.json { try Output.json(document) }
    }
}
