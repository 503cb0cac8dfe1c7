internal import Glibc
internal import HoldfastCore

/// The configuration file of one host of a development cluster.
enum DevConfiguration {
    static func text(
        _ name: String, of voters: [(name: String, port: UInt16)], term: Duration
    ) -> String {
        var lines = [
            "# Written by 'holdfast dev'; ports and term stay as they are for this cluster.",
            "name: \(name)",
        ]
        // As root any user can be launched; otherwise only ourselves.
        if geteuid() == 0 { lines.append("users: any") }
        if voters.count > 1, let own = voters.first(where: { $0.name == name }) {
            lines.append("listen: 127.0.0.1:\(own.port)")
        }
        lines += ["cluster:", "  name: dev", "  size: \(voters.count)"]
        if voters.count > 1 {
            lines.append("  hosts:")
            lines += voters.map { "    \($0.name): 127.0.0.1:\($0.port)" }
        }
        lines.append("lease: {term: \(DurationText.format(term))}")
        return lines.joined(separator: "\n") + "\n"
    }
}
