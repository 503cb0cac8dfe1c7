import ArgumentParser
import HoldfastCore
import HoldfastDaemon

@main
struct HoldfastDaemonCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "holdfastd",
        abstract: "Run the agent of one host of a Holdfast cluster.",
        discussion: """
            The agent votes, decides and answers the API; it launches jobs through the guard of \
            the same host: start 'holdfast-guard --config FILE' beside it. Ending the agent ends \
            no job.

            Exit status: 0 when it was told to end (SIGTERM, SIGINT); 64 when this command line \
            is wrong; 69 when an address or socket is in use; 73 and 74 when a file or directory \
            cannot be made, read or written; 78 when the file is wrong.
            """,
        version: Version.text)

    @Option(help: ArgumentHelp("The host's configuration.", valueName: "FILE"))
    var config: String

    @Flag(help: "End when the process that started this one ends.")
    var exitWithParent = false

    @Flag(help: "Say more: every event, and why it is handled as it is.")
    var verbose = false

    func run() throws {
        let status = AgentProcess.run(
            configuration: self.config, exitWithParent: self.exitWithParent,
            isVerbose: self.verbose)
        throw ExitCode(status)
    }
}
