internal import ArgumentParser
internal import HoldfastAPI
internal import HoldfastCore

/// Shows what happened, and with `-f` what happens.
struct EventsCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "events", abstract: "Show what happened to keys and hosts.")

    @Flag(name: .shortAndLong, help: "Go on with what happens from now on.")
    var follow = false

    @Option(
        name: .customShort("n"),
        help: .init(
            "Show only so many of the last. (default: all, with -f 10)", valueName: "count"))
    var count: Int?

    @Flag(help: "Print each event as JSON on a line of its own.")
    var json = false

    @OptionGroup var connection: ConnectionOptions

    func validate() throws {
        guard self.count ?? 0 >= 0 else { throw ValidationError("-n takes no negative number") }
    }

    func run() throws {
        let client = try self.connection.client()
        let events = try client.events(since: nil).events
        let show = self.printer()
        for event in events.suffix(self.count ?? (self.follow ? 10 : events.count)) { show(event) }
        guard self.follow else { return }
        try client.followEvents(since: events.last?.index ?? 0, show)
        throw CommandFailure(
            what: "cannot follow the events any longer", why: "the agent has ended",
            next: "try again, or ask another host with --socket", exitStatus: .unavailable)
    }

    private func printer() -> @Sendable (EventDocument) -> Void {
        let (json, style) = (self.json, Style.ofOutput)
        return { event in
            if json {
                // An event came as JSON, so it can be written as JSON.
                try? Output.json(event, isLine: true)
            } else {
                Output.line(Self.line(event, style))
            }
        }
    }

    /// `12:00:00.000  h1  what happened`.
    static func line(_ event: EventDocument, _ style: Style) -> String {
        let host = event.host ?? ""
        let padding = String(repeating: " ", count: max(0, 4 - host.count))
        return style.paint(Words.clock(event.at), .quiet) + "  "
            + Printable.text(host) + padding + "  " + Words.event(event)
    }
}
