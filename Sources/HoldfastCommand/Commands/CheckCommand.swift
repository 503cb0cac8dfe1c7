internal import ArgumentParser
internal import HoldfastCore
internal import HoldfastSpec

/// Reads a jobs file and says everything that is wrong with it.
struct CheckCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "check",
        abstract: "Report every mistake of a jobs file at once; change nothing.",
        discussion: """
            What this machine lacks (users, directories, commands) is only noted, because the \
            jobs may be meant for other hosts; --host makes it count.

            Exit status: 0 no mistakes; 1 mistakes; 65 the file can't be read.
            """)

    @Argument(help: "The file; '-' for standard input.", completion: .file(extensions: ["yaml"]))
    var file: String

    @Flag(help: "The jobs are to run on this machine: what it lacks is a mistake.")
    var host = false

    func run() throws {
        let bytes = try InputFile.read(self.file)
        let jobs: JobsFile
        do {
            jobs = try JobsFile.read(bytes: bytes, file: InputFile.name(self.file))
        } catch {
            for problem in error.problems { Output.error(problem.description) }
            throw ExitCode(ExitStatusCode.negative.rawValue)
        }
        let lacking = HostCheck.checkOnThisHost(jobs)
        for note in jobs.notes { Output.error("\(note) (a note, not a mistake)") }
        for problem in lacking {
            Output.error(self.host ? "\(problem)" : "\(problem) (only a note without --host)")
        }
        if self.host, !lacking.isEmpty { throw ExitCode(ExitStatusCode.negative.rawValue) }
        let count = jobs.jobs.count
        Output.line(
            "\(Printable.text(jobs.file)): \(count) \(count == 1 ? "job" : "jobs"), no mistakes")
    }
}
