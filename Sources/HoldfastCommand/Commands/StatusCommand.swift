internal import ArgumentParser
internal import HoldfastAPI
internal import HoldfastCore

/// Says how the cluster is, in one sentence and in parts.
struct StatusCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "status", abstract: "Say how the cluster is, seen from one host.",
        discussion: "Exit status: 0 there is a quorum; 69 there is none, or no agent.")

    @Flag(help: "Print the status as JSON.")
    var json = false

    @OptionGroup var connection: ConnectionOptions

    func run() throws {
        let status = try self.connection.client().status()
        if self.json {
            try Output.json(status)
        } else {
            for line in Self.lines(status, .ofOutput) { Output.line(line) }
        }
        guard status.quorum.ok else { throw ExitCode(ExitStatusCode.unavailable.rawValue) }
    }

    static func lines(_ status: StatusDocument, _ style: Style) -> [String] {
        let quorum = status.quorum
        let lease = status.session.leaseLeft.map { ", \(Words.span($0)) left" } ?? ""
        let id = status.clusterID.map { " (\($0.prefix(8)))" } ?? ""
        var rows = [
            ("cluster", status.cluster + id),
            ("host", "\(status.host), version \(status.version)"),
            ("quorum", "\(quorum.have) of \(quorum.of) hosts answer, \(quorum.need) needed"),
            ("session", "epoch \(status.session.epoch), \(status.session.state)\(lease)"),
            ("containment", status.containment),
            ("users", status.users),
            ("jobs", Self.jobs(status.jobs)),
        ]
        rows += status.warnings.map { ("warning", $0) }
        let summary = style.paint(Printable.text(status.summary), quorum.ok ? .strong : .bad)
        return [summary]
            + rows.map { name, value in
                let title = name + String(repeating: " ", count: 13 - name.count)
                let colour: Style.Colour? = name == "warning" ? .doubtful : nil
                return style.paint(title, .quiet) + style.paint(Printable.text(value), colour)
            }
    }

    private static func jobs(_ jobs: StatusDocument.Jobs) -> String {
        let counts = [
            (jobs.running, "running"), (jobs.paused, "paused"), (jobs.waiting, "waiting"),
            (jobs.stopped, "stopped"), (jobs.failed, "failed"),
        ].filter { $0.0 > 0 }.map { "\($0.0) \($0.1)" }
        return counts.isEmpty ? "none" : counts.joined(separator: ", ")
    }
}
