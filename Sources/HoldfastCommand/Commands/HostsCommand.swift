internal import ArgumentParser
internal import HoldfastAPI

/// Lists the hosts of the cluster, as the one that is asked sees them.
struct HostsCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "hosts", abstract: "List the hosts of the cluster.",
        discussion: "The host that answers is marked with a star.")

    @Flag(help: "Print the list as JSON.")
    var json = false

    @OptionGroup var connection: ConnectionOptions

    func run() throws {
        let list = try self.connection.client().hosts()
        guard !self.json else { return try Output.json(list) }
        for line in Self.table(list).lines(.ofOutput) { Output.line(line) }
    }

    static func table(_ list: HostList) -> Table {
        var table = Table(
            ["HOST", "STATE", "ADDRESS", "EPOCH", "RUNNING", "HEARD", "LABELS"],
            rightAligned: ["EPOCH", "RUNNING", "HEARD"])
        for host in list.hosts {
            let labels = host.labels.sorted { $0.key < $1.key }.map { "\($0.key)=\($0.value)" }
            let heard = host.lastHeardIn.map { "\(Words.span($0)) ago" } ?? "never"
            table.add([
                .init(host.host + (host.isSelf ? " *" : "")),
                .init(host.state.rawValue, host.state.colour), .init(host.address),
                .init(host.epoch.map(String.init) ?? ""), .init(String(host.running)),
                .init(host.isSelf ? "" : heard), .init(labels.joined(separator: " ")),
            ])
        }
        return table
    }
}
