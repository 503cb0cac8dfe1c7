internal import Glibc
internal import HoldfastCore

/// The programs of a host: those beside our own.
struct DevExecutables {
    let own: String
    let agent: String
    let guardProcess: String

    /// - Throws: `CommandFailure` that names the one that is missing.
    static func find() throws(CommandFailure) -> DevExecutables {
        guard let own = realpath("/proc/self/exe", nil) else {
            throw .system(
                "cannot tell where this program is", next: "mount /proc", exitStatus: .system)
        }
        defer { free(own) }
        let path = String(cString: own)
        let folder = path.prefix(upTo: path.lastIndex(of: "/") ?? path.startIndex)
        let found = DevExecutables(
            own: path, agent: "\(folder)/holdfastd", guardProcess: "\(folder)/holdfast-guard")
        for program in [found.agent, found.guardProcess] where access(program, X_OK) != 0 {
            throw .system(
                "cannot use \(program)", next: "build or install it beside holdfast",
                exitStatus: .system)
        }
        return found
    }

    /// For each host its guard, then its agent.
    func programs(for hosts: [DevDirectory.Host]) -> [DevProgram] {
        hosts.flatMap { host in
            let common = ["--config", "\(host.folder)/holdfast.yaml", "--exit-with-parent"]
            let users = geteuid() == 0 ? ["--users", "any"] : []
            return [
                DevProgram(
                    host: host.name, role: .guardProcess, executable: self.guardProcess,
                    arguments: common + users, log: "\(host.folder)/logs/guard.log"),
                DevProgram(
                    host: host.name, role: .agent, executable: self.agent, arguments: common,
                    log: "\(host.folder)/logs/holdfastd.log"),
            ]
        }
    }

    /// What to type for this program: its name where a shell finds it by that, else its path.
    var commandWord: String {
        let path = getenv("PATH").map { String(cString: $0) } ?? ""
        for folder in path.split(separator: ":") {
            guard let found = realpath("\(folder)/holdfast", nil) else { continue }
            defer { free(found) }
            return String(cString: found) == self.own ? "holdfast" : Printable.shellWord(self.own)
        }
        return Printable.shellWord(self.own)
    }
}
