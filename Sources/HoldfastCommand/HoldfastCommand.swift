internal import ArgumentParser
internal import HoldfastCore

/// The root of all commands.
struct HoldfastCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "holdfast",
        abstract: "Keep one of a thing running in a cluster, and say where it is.",
        discussion: """
            The agent is found at --socket, at $HOLDFAST_SOCKET, at /run/holdfast/holdfast.sock, \
            or where 'holdfast dev' runs.

            Exit status: 0 done; 1 the answer is no; 3 not running; 4 unknown key; 64 wrong \
            command line; 65 wrong file or data; 69 no quorum, or no agent; 75 the outcome is \
            not known, or try again; 77 not permitted.

            Completion: holdfast --generate-completion-script bash|zsh|fish
            """,
        version: Version.text,
        groupedSubcommands: [
            CommandGroup(
                name: "Try it", subcommands: [DevCommand.self]),
            CommandGroup(
                name: "Declare",
                subcommands: [
                    CheckCommand.self, ApplyCommand.self, DeleteCommand.self, GetCommand.self,
                ]),
            CommandGroup(
                name: "Run",
                subcommands: [
                    RunCommand.self, StartCommand.self, StopCommand.self, RestartCommand.self,
                ]),
            CommandGroup(
                name: "Look",
                subcommands: [
                    WhereisCommand.self, PsCommand.self, HostsCommand.self, StatusCommand.self,
                    EventsCommand.self, LogsCommand.self,
                ]),
        ])
}
