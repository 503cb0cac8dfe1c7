internal import ArgumentParser
internal import Glibc
internal import HoldfastCore
internal import HoldfastSessions

/// Runs a whole cluster on this machine, in the foreground.
struct DevCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "dev",
        abstract: "Run a cluster of several hosts on this machine, in the foreground.",
        discussion: """
            Each host has an agent, a guard, a folder and a loopback port of its own. What ends \
            is started again; each thing that happens is a line. Ctrl-C stops every job and \
            every process.

            Other commands of the same user find the cluster by themselves.
            """)

    @Option(help: .init("How many hosts, 1 to 15. (default: 3)", valueName: "count"))
    var hosts: Int?

    @Option(
        help: .init(
            "Where the hosts live; kept. (default: a temporary directory)", valueName: "path"),
        completion: .directory)
    var directory: String?

    @Option(
        help: .init(
            "How long a lease is good: the time after which a lost host's jobs run elsewhere. "
                + "(default: 6s)", valueName: "duration"),
        transform: Duration.argument)
    var term: Duration?

    @Option(help: .init("The first port to try.", valueName: "port"))
    var basePort: UInt16 = DevPorts.firstByDefault

    func validate() throws {
        if let hosts = self.hosts, !(1...Limits.voterCount).contains(hosts) {
            throw ValidationError("--hosts takes a number from 1 to \(Limits.voterCount)")
        }
        if let term = self.term, !LeaseSettings.terms.contains(term) {
            throw ValidationError("--term takes a duration from 1s to 10m")
        }
        if self.basePort == 0 { throw ValidationError("--base-port takes a number from 1") }
    }

    func run() throws {
        let programs = try DevExecutables.find()
        let console = DevConsole()
        let directory = try DevDirectory(
            self.directory, .init(hosts: self.hosts, term: self.term, basePort: self.basePort))
        // Before any thread is made, so that all have its signals blocked.
        var supervisor = DevSupervisor(programs.programs(for: directory.hosts)) { host, text in
            console.tell(host, text)
        }
        let pointer = DevPointer.set(directory.path)
        self.greet(directory, programs, hasPointer: pointer != nil, console)
        DevEvents.follow(directory.hosts.map(\.configuration.socket), console.tell)

        supervisor.run()

        if let pointer { DevPointer.clear(pointer, directory.path) }
        directory.close()
        console.tell("", "everything has ended")
    }

    private func greet(
        _ directory: DevDirectory, _ programs: DevExecutables, hasPointer: Bool,
        _ console: DevConsole
    ) {
        let hosts = directory.hosts.map { host in
            host.name + (host.configuration.listen.map { " \($0)" } ?? "")
        }
        let place = directory.isTemporary ? " (removed at the end)" : ""
        let command = programs.commandWord
        var lines = [
            "\(hosts.count == 1 ? "1 host" : "\(hosts.count) hosts") "
                + "in \(directory.path)\(place): \(hosts.joined(separator: ", "))",
            "In another terminal:",
        ]
        if !hasPointer {
            lines.append("  export HOLDFAST_SOCKET=\(directory.path)/h1/holdfast.sock")
        }
        lines += [
            "  \(command) status", "  \(command) apply jobs.yaml", "  \(command) ps",
            "  \(command) run hello -- sleep 600", "  \(command) whereis hello",
            "Ctrl-C stops everything.",
        ]
        for line in lines { console.plain(line) }
    }
}
