import Foundation
import Testing

extension EndToEndTests {
    /// The programs as a user meets them: `holdfast dev` in one terminal, commands in another.
    @Suite("Command line")
    struct CommandLineTests {
        /// A command that ended, and what it printed.
        private struct Outcome {
            var status: Int32
            var output: String
        }

        private static func holdfast(
            _ arguments: [String], socket: String, _ scratch: Scratch
        ) throws -> Outcome {
            let output = scratch.path + "/output"
            unlink(output)
            let command = try ChildProcess(
                [Programs.command] + arguments, output: output,
                environment: ["HOLDFAST_SOCKET=\(socket)", "HOME=\(scratch.path)"])
            guard case .exited(let status) = command.waitForEnd(40) else {
                throw Trouble("'holdfast \(arguments)' did not end by itself")
            }
            return Outcome(status: status, output: TestFile.read(output))
        }

        @Test(
            "A development cluster runs the main job, survives the kill of one host, and leaves nothing behind",
            .timeLimit(.minutes(2)), arguments: [SIGINT, SIGTERM])
        func dev(number: Int32) throws {
            let scratch = try Scratch()
            let folder = scratch.path + "/dev"
            defer {
                for process in ProcessTable.find(scratch.path) { kill(process, SIGKILL) }
                scratch.remove()
            }
            let port = try FreePorts.take(1)[0]
            let dev = try ChildProcess(
                [
                    Programs.command, "dev", "--directory", folder, "--term", "2s",
                    "--base-port", "\(port)",
                ], output: scratch.path + "/dev.log", environment: ["HOME=\(scratch.path)"])
            let sockets = (1...3).map { "\(folder)/h\($0)/holdfast.sock" }
            func run(_ arguments: String..., at host: Int = 0) throws -> Outcome {
                try Self.holdfast(arguments, socket: sockets[host], scratch)
            }
            do {
                try Instant.wait(30, every: 0.2, until: "three hosts to be up") {
                    let hosts = try run("hosts")
                    return hosts.output.split(separator: "\n").count { $0.contains(" up ") } == 3
                }
                let jobs = scratch.path + "/jobs.yaml"
                try TestFile.write(
                    """
                    version: 1
                    jobs:
                      web: {shell: 'echo token $HOLDFAST_TOKEN; exec sleep 1000'}
                      lazy: {command: [sleep, '1000'], start: on-demand}
                    """, to: jobs)
                try #require(try run("check", jobs).status == 0)
                try #require(try run("apply", jobs).status == 0)

                let place = try run("whereis", "web", "--wait", "20s", at: 1)
                try #require(place.status == 0)
                let words = place.output.split(whereSeparator: \.isWhitespace).map(String.init)
                try #require(words.count == 2)
                let host = words[0]
                try #require(ProcessTable.isAlive(try #require(Int32(words[1]))))
                try #require(try run("whereis", "lazy", "--no-start").status == 3)
                try #require(try run("whereis", "nobody").status == 4)
                try #require(try run("whereis", "lazy").status == 0)
                try #require(try run("stop", "lazy", at: 2).status == 0)
                try #require(try run("ps").output.contains("web"))
                try #require(try run("logs", "web", at: 2).output.contains("token "))

                let other = host == "h1" ? 1 : 0
                for process in ProcessTable.find("--config\0\(folder)/\(host)/holdfast.yaml") {
                    kill(process, SIGKILL)
                }
                try Instant.wait(20, every: 0.1, until: "the job to move") {
                    let now = try run("whereis", "web", "--no-start", at: other)
                    return now.status == 0 && !now.output.hasPrefix(host + " ")
                }
                let log = TestFile.read(scratch.path + "/dev.log")
                #expect(log.contains("starts again") || log.contains("started again"))
            } catch {
                print(TestFile.read(scratch.path + "/dev.log"))
                throw error
            }
            kill(dev.processID, number)
            try #require(dev.waitForEnd(40) == .exited(0))
            try #require(ProcessTable.find(scratch.path) == [])
        }
    }
}
