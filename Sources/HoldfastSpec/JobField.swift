/// The fields of a job, by their names in the file.
package enum JobField: String, Hashable, Sendable, CaseIterable {
    case command
    case shell
    case env
    case directory
    case user
    case group
    case hosts
    case start
    case restart
    case stop
    case onQuorumLoss = "on_quorum_loss"
    case freezeLimit = "freeze_limit"
    case logs

    static let names = Self.allCases.map(\.rawValue)

    static let refused: [String: FieldRefusal] = [
        "schedule": .unsupported, "ready": .unsupported, "health": .unsupported,
        "watchdog": .unsupported, "limits": .unsupported, "capabilities": .unsupported,
        "policy": .belongs(under: "restart"), "delay": .belongs(under: "restart"),
        "max_delay": .belongs(under: "restart"), "give_up": .belongs(under: "restart"),
        "signal": .belongs(under: "stop"), "grace": .belongs(under: "stop"),
        "require": .belongs(under: "hosts"), "prefer": .belongs(under: "hosts"),
        "environment": .means("env"), "cmd": .means("command"), "exec": .means("command"),
        "args": .means("command"), "cwd": .means("directory"), "workdir": .means("directory"),
        "working_directory": .means("directory"), "cron": .means("schedule"),
        "placement": .means("hosts"), "labels": .means("hosts"), "log": .means("logs"),
    ]
}
