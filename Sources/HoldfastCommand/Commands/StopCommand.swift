internal import ArgumentParser
internal import HoldfastAPI
internal import HoldfastCore

/// Asks for a key not to run, and waits until it doesn't.
struct StopCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "stop",
        abstract: "Stop a key and wait until it is down; it stays declared.",
        discussion: """
            It stays stopped on every host until it is started again.

            Exit status: 0 it is down; 75 not yet when the wait was over; 4 nobody declared it.
            """)

    @Argument(help: "The key.", transform: Key.argument)
    var key: Key

    @OptionGroup var change: ChangeOptions
    @OptionGroup var connection: ConnectionOptions

    func run() throws {
        let client = try self.connection.client()
        let document = try WaitNotice.during("\(self.key) to stop") {
            try client.stop(self.key, wait: self.change.span)
        }
        if self.change.json { try Output.json(document) }
        guard !self.change.noWait else { return }
        switch document.state {
        case .stopped, .finished, .failed:
            return
        case .unknown, .waiting, .starting, .running, .paused, .stopping:
            throw CommandFailure(
                what: "'\(self.key)' is not down yet",
                why: "it is \(document.state.rawValue)"
                    + (document.host.map { " on \($0)" } ?? ""),
                next: "wait longer with --wait; the stop goes on", exitStatus: .temporary)
        }
    }
}
