internal import ArgumentParser
internal import HoldfastAPI
internal import HoldfastCore

/// Lists every declared key and where it is.
struct PsCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "ps", abstract: "List the declared keys: their state, host and process.",
        discussion: "The list is what the host that answers has heard; 'whereis' asks a quorum.")

    @Flag(help: "Print the list as JSON.")
    var json = false

    @OptionGroup var connection: ConnectionOptions

    func run() throws {
        let list = try self.connection.client().keys()
        guard !self.json else { return try Output.json(list) }
        guard !list.keys.isEmpty else {
            return Output.error("no keys are declared; 'holdfast apply FILE' declares some")
        }
        for line in Self.table(list, now: Words.now).lines(.ofOutput) { Output.line(line) }
    }

    static func table(_ list: KeyList, now: WallTime) -> Table {
        var table = Table(
            ["KEY", "STATE", "HOST", "PID", "FOR", "RESTARTS", "NOTE"],
            rightAligned: ["PID", "FOR", "RESTARTS"])
        for key in list.keys {
            table.add([
                .init(Printable.shellWord(key.key)), .init(key.state.rawValue, key.state.colour),
                .init(key.host ?? ""), .init(key.pid.map(String.init) ?? ""),
                .init(Words.age(of: key.since, now: now)), .init(String(key.restarts)),
                .init(Self.note(key)),
            ])
        }
        return table
    }

    private static func note(_ key: KeyDocument) -> String {
        var notes = key.reason.map { [$0] } ?? []
        switch key.state {
        case .waiting, .failed, .finished: notes += key.last.map { [Words.ending($0)] } ?? []
        case .unknown, .stopped, .starting, .running, .paused, .stopping: break
        }
        if let span = key.nextAttemptIn { notes.append("next attempt in \(Words.span(span))") }
        return notes.joined(separator: "; ")
    }
}
