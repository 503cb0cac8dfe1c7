import Glibc
import HoldfastAPI
import HoldfastAPISupport
import HoldfastCore
import HoldfastJobs
import HoldfastSpec
import Testing

@Suite("Commands")
struct CommandTests {
    static func withServer(_ body: (TestServer) throws -> Void) throws {
        let server = try TestServer()
        defer { server.stop() }
        try body(server)
    }

    static let jobs = """
        version: 1
        jobs:
          billing-worker:
            command: [/bin/sleep, "600"]
          "odd key":
            shell: sleep 600
        """

    // MARK: - Where things are

    @Test("whereis prints host and process of a running key")
    func whereis() throws {
        try Self.withServer { server in
            _ = try Command.holdfast(["apply", "-"], socket: server.socket, input: Self.jobs)
            let found = try Command.holdfast(["whereis", "billing-worker"], socket: server.socket)
            #expect(found.output == "h1 4121\n" && found.errors == "" && found.status == 0)
            let json = try Command.holdfast(
                ["whereis", "odd key", "--json"], socket: server.socket)
            let document = try JSONText.decode(KeyDocument.self, from: json.output.utf8)
            #expect(document.key == "odd key" && document.token == 2 && json.status == 0)
        }
    }

    @Test("whereis asks as its options say")
    func whereisOptions() throws {
        try Self.withServer { server in
            _ = try Command.holdfast(["apply", "-"], socket: server.socket, input: Self.jobs)
            let asked: [([String], WhereisQuestion)] = [
                ([], WhereisQuestion(start: true)),
                (["--no-start"], WhereisQuestion()),
                (["--stale"], WhereisQuestion(stale: true)),
                (["--wait", "1m30s"], WhereisQuestion(start: true, wait: .seconds(90))),
            ]
            for (options, _) in asked {
                let found = try Command.holdfast(
                    ["whereis", "billing-worker"] + options, socket: server.socket)
                #expect(found.output == "h1 4121\n" && found.status == 0)
                #expect(found.errors.contains("memory") == options.contains("--stale"))
            }
            #expect(try server.with { $0.backend.questions } == asked.map(\.1))
        }
    }

    /// A state of a key, and what whereis makes of it.
    static let states: [(KeyDocument.State, Int32, String)] = [
        (.stopped, 3, "it is stopped; start it with 'holdfast start x'"),
        (.waiting, 3, "it is waiting: no host fits"),
        (.starting, 3, "it is starting"),
        (.paused, 3, "it is paused"),
        (.stopping, 3, "it is stopping"),
        (.finished, 3, "it is finished"),
        (.failed, 3, "its last run exited 7 on h2"),
        (.unknown, 69, "it is unknown"),
    ]

    @Test("whereis says why a key doesn't run", arguments: states)
    func notRunning(state: KeyDocument.State, status: Int32, words: String) throws {
        try Self.withServer { server in
            try server.with {
                $0.backend.set(
                    KeyDocument(
                        key: "x", state: state, reason: state == .waiting ? "no host fits" : nil,
                        basis: .chosen, wanted: .running,
                        last: state == .failed
                            ? EndingDocument(
                                token: 1, host: "h2", how: .exited, code: 7, at: TestBackend.at)
                            : nil))
            }
            let found = try Command.holdfast(["whereis", "x"], socket: server.socket)
            #expect(found.status == status && found.output == "")
            #expect(found.errors.hasPrefix("holdfast: 'x' is not running; "))
            #expect(found.errors.contains(words), "\(found.errors)")
            let json = try Command.holdfast(["whereis", "x", "--json"], socket: server.socket)
            #expect(json.status == status && json.output.contains(state.rawValue))
        }
    }

    @Test("an unknown key exits 4, no quorum 69, no agent 69, and each says what to do")
    func failures() throws {
        try Self.withServer { server in
            let unknown = try Command.holdfast(["whereis", "x"], socket: server.socket)
            #expect(unknown.status == 4)
            #expect(unknown.errors.hasPrefix("holdfast: cannot find 'x'; nobody declared"))
            try server.with { $0.backend.hasQuorum = false }
            let minority = try Command.holdfast(["whereis", "x"], socket: server.socket)
            #expect(minority.status == 69)
            #expect(minority.errors.contains("no quorum: 1 of 3 hosts answer"))
            let status = try Command.holdfast(["status"], socket: server.socket)
            #expect(status.status == 69 && status.output.hasPrefix("no quorum: 1 of 3\n"))
        }
        let nobody = try Command.holdfast(["whereis", "x"], socket: "/tmp/no-such.sock")
        #expect(nobody.status == 69)
        #expect(
            nobody.errors.hasPrefix("holdfast: cannot reach the agent at /tmp/no-such.sock; "))
    }

    @Test("a change whose answer never comes exits 75, a question 69")
    func brokenAnswer() throws {
        for (arguments, status) in [(["stop", "x"], Int32(75)), (["whereis", "x"], 69)] {
            let found = try RudeServer.answering("HTTP/1.1 200 OK\r\ncontent-length: 50\r\n\r\n{") {
                try Command.holdfast(arguments, socket: $0)
            }
            #expect(found.status == status, "\(found.errors)")
        }
    }

    @Test(
        "an answer that is none is an error, not a crash",
        arguments: [
            "", "garbage\r\n\r\n", "HTTP/1.1 200 OK\r\ncontent-length: 2\r\n\r\n{}",
            "HTTP/1.1 200 OK\r\ncontent-length: 4\r\n\r\n[1,2", "HTTP/1.1 500 No\r\n\r\n",
            "HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\n\r\nFFFFFFFFFF\r\n",
        ])
    func garbledAnswer(answer: String) throws {
        let found = try RudeServer.answering(answer) {
            try Command.holdfast(["whereis", "x"], socket: $0)
        }
        #expect(found.status == 69 && found.output == "")
        #expect(found.errors.hasPrefix("holdfast: cannot "), "\(found.errors)")
    }

    @Test(
        "a wrong command line exits 64 with one line",
        arguments: [
            [], ["whereis"], ["whereis", "a", "b"], ["whereis", ""], ["whereis", "a\nb"],
            ["fly"], ["whereis", "x", "--wait", "5"], ["whereis", "x", "--jsn"], ["run", "x"],
            ["run", "x", "--restart", "often", "--", "a"], ["run", "x", "--env", "A", "--", "a"],
            ["stop", "x", "--wait", "1s", "--no-wait"], ["logs", "x", "-n", "-1"],
            ["get", "-o", "xml"], ["dev", "--hosts", "0"], ["dev", "--hosts", "16"],
            ["dev", "--term", "1ms"], ["dev", "--base-port", "0"],
        ])
    func wrongCommandLine(arguments: [String]) throws {
        let found = try Command.holdfast(arguments)
        guard !arguments.isEmpty else {
            #expect(found.status == 0 && found.output.contains("whereis"))
            return
        }
        #expect(found.status == 64 && found.output == "")
        #expect(found.errors.hasPrefix("holdfast: cannot understand this command line; "))
        #expect(found.errors.split(separator: "\n").count == 1, "\(found.errors)")
    }

    // MARK: - Changing things

    @Test("apply declares what a file says, and says what became of each job")
    func apply() throws {
        try Self.withServer { server in
            let first = try Command.holdfast(
                ["apply", "-"], socket: server.socket, input: Self.jobs)
            #expect(
                first.output == """
                    KEY             OUTCOME
                    billing-worker  created
                    'odd key'       created

                    """)
            #expect(first.status == 0)
            let second = try Command.holdfast(
                ["apply", "-", "--json"], socket: server.socket, input: Self.jobs)
            let result = try JSONText.decode(ApplyResult.self, from: second.output.utf8)
            #expect(result.results.map(\.outcome) == [.unchanged, .unchanged])
        }
    }

    @Test("apply of a wrong file shows each mistake with its place, exits 65 and sends nothing")
    func applyMistake() throws {
        try Self.withServer { server in
            let text = "version: 1\njobs:\n  a: {comand: [x]}\n  b: {start: now}\n"
            let found = try Command.holdfast(["apply", "-"], socket: server.socket, input: text)
            #expect(found.status == 65 && found.output == "")
            #expect(found.errors.contains("(standard input):3:"))
            #expect(found.errors.contains("did you mean 'command'?"))
            #expect(found.errors.contains("(standard input):4:"))
            #expect(found.errors.contains("\nholdfast: cannot use (standard input); it has"))
            #expect(try server.with { $0.backend.documents.isEmpty })
        }
        let missing = try Command.holdfast(["apply", "/nonexistent"])
        #expect(missing.status == 65)
        #expect(missing.errors.hasPrefix("holdfast: cannot read /nonexistent; No such file"))
    }

    @Test("check exits 1 for mistakes, and asks no agent")
    func check() throws {
        let good = try Command.holdfast(["check", "-"], input: Self.jobs)
        #expect(good.output == "(standard input): 2 jobs, no mistakes\n" && good.status == 0)
        let bad = try Command.holdfast(["check", "-"], input: "version: 1\njobs: {a: {}}")
        #expect(bad.status == 1 && bad.output == "" && bad.errors.hasPrefix("(standard input):2:"))
        let lacking = "version: 1\njobs:\n  a: {command: [/no/such/program]}\n"
        #expect(try Command.holdfast(["check", "-"], input: lacking).status == 0)
        #expect(try Command.holdfast(["check", "-", "--host"], input: lacking).status == 1)
        let huge = String(repeating: "#", count: 5_000_000)
        #expect(try Command.holdfast(["check", "-"], input: huge).status == 1)
    }

    @Test("run sends the command with the present directory, and prints where it runs")
    func run() throws {
        try Self.withServer { server in
            let found = try Command.holdfast(
                [
                    "run", "report", "--restart", "never", "--env", "A=1", "--env", "B=x=y",
                    "--", "./report.sh", "--flag", "-x",
                ], socket: server.socket, directory: "/usr")
            #expect(found.output == "h1 4121\n", "\(found.errors)")
            let spec = try server.with { $0.backend.documents["report"]?.job }?.spec()
            #expect(spec?.command == ["/usr/report.sh", "--flag", "-x"])
            #expect(spec?.directory == "/usr")
            #expect(spec?.restart.condition == .never)
            #expect(spec?.environment.map { "\($0.name) \($0.value)" } == ["A 1", "B x=y"])
        }
    }

    @Test("run refuses what no job can be")
    func runMistake() throws {
        let found = try Command.holdfast(["run", "x", "--user", "", "--", "sleep"])
        #expect(found.status == 65 && found.errors.contains("cannot declare this job"))
    }

    @Test("stop, start, restart and delete change the key")
    func changes() throws {
        try Self.withServer { server in
            _ = try Command.holdfast(["apply", "-"], socket: server.socket, input: Self.jobs)
            let socket = server.socket
            let stopped = try Command.holdfast(["stop", "odd key"], socket: socket)
            #expect(stopped.status == 0 && stopped.output == "" && stopped.errors == "")
            let down = try Command.holdfast(["whereis", "odd key"], socket: socket)
            #expect(down.status == 3 && down.errors.contains("holdfast start 'odd key'"))
            let restarted = try Command.holdfast(["restart", "billing-worker"], socket: socket)
            #expect(restarted.output == "h1 4121\n")
            #expect(try Command.holdfast(["delete", "odd key"], socket: socket).status == 0)
            #expect(try Command.holdfast(["delete", "odd key"], socket: socket).status == 4)
            #expect(try Command.holdfast(["stop", "odd key"], socket: socket).status == 4)
            let started = try Command.holdfast(
                ["start", "billing-worker", "--no-wait"], socket: socket)
            #expect(started.status == 0 && started.output == "")
        }
    }

    // MARK: - Looking

    @Test("ps, hosts and status print aligned columns without colour")
    func looking() throws {
        try Self.withServer { server in
            let none = try Command.holdfast(["ps"], socket: server.socket)
            #expect(none.output == "" && none.errors.contains("no keys are declared"))
            _ = try Command.holdfast(["apply", "-"], socket: server.socket, input: Self.jobs)
            let listed = try Command.holdfast(["ps"], socket: server.socket)
            let lines = listed.output.split(separator: "\n").map(String.init)
            #expect(lines[0].hasPrefix("KEY             STATE    HOST   PID"))
            #expect(lines[1].hasPrefix("billing-worker  running  h1    4121"))
            #expect(lines[2].hasPrefix("'odd key'       running  h1    4121"))
            #expect(!listed.output.contains("\u{1B}"))
            let hosts = try Command.holdfast(["hosts"], socket: server.socket)
            #expect(
                hosts.output == """
                    HOST  STATE  ADDRESS         EPOCH  RUNNING  HEARD  LABELS
                    h1 *  up     127.0.0.1:7411      3        1         zone=eu
                    h2    gone   127.0.0.1:7412               0  never

                    """)
            let status = try Command.holdfast(["status"], socket: server.socket)
            #expect(status.output.hasPrefix("3 of 3 hosts; 1 job runs\ncluster      dev\n"))
            #expect(status.output.contains("warning      a warning\n"))
        }
    }

    @Test("get prints a jobs file that apply takes again")
    func get() throws {
        try Self.withServer { server in
            _ = try Command.holdfast(["apply", "-"], socket: server.socket, input: Self.jobs)
            let all = try Command.holdfast(["get", "-o", "yaml"], socket: server.socket)
            let read = try JobsFile.read(text: all.output, file: "output")
            #expect(read.jobs.map(\.key.text) == ["billing-worker", "odd key"])
            let one = try Command.holdfast(["get", "odd key"], socket: server.socket)
            #expect(one.output.contains("shell: sleep 600"), "\(one.output)")
            #expect(try Command.holdfast(["get", "nobody"], socket: server.socket).status == 4)
            let json = try Command.holdfast(["get", "-o", "json"], socket: server.socket)
            #expect(try JSONText.decode(KeyList.self, from: json.output.utf8).keys.count == 2)
        }
    }

    @Test("logs prints what was written, byte by byte")
    func logs() throws {
        try Self.withServer { server in
            _ = try Command.holdfast(["apply", "-"], socket: server.socket, input: Self.jobs)
            let found = try Command.holdfast(
                ["logs", "billing-worker", "-n", "2"], socket: server.socket)
            #expect(found.output == "a line\na line\n" && found.status == 0)
            #expect(try Command.holdfast(["logs", "nobody"], socket: server.socket).status == 4)
        }
    }

    @Test("events shows what happened, and with -f what happens until the agent ends")
    func events() throws {
        let server = try TestServer()
        try server.with { $0.backend.emit("first \u{1B}[31m") }
        let listed = try Command.holdfast(["events"], socket: server.socket)
        #expect(listed.output.hasSuffix("first \\u{1B}[31m\n"), "\(listed.output)")
        let json = try Command.holdfast(["events", "--json"], socket: server.socket)
        #expect(try JSONText.decode(EventDocument.self, from: json.output.utf8).index == 1)

        let follower = try Process(
            [Command.folder + "/holdfast", "events", "-f", "--socket", server.socket])
        try follower.until("first")
        try server.until("a subscription") { $0.backend.eventSubscribers.count == 1 }
        try server.with { $0.backend.emit("second") }
        try follower.until("second")
        server.stop()
        let ended = follower.finish()
        #expect(ended.status == 69)
    }

    // MARK: - The surroundings

    @Test("the socket is taken from the option, then from the environment")
    func socketOrder() throws {
        try Self.withServer { server in
            let named = ["HOLDFAST_SOCKET": server.socket]
            #expect(try Command.holdfast(["hosts"], environment: named).status == 0)
            let overridden = try Command.holdfast(
                ["hosts"], socket: "/tmp/no-such.sock", environment: named)
            #expect(overridden.status == 69)
            let empty = try Command.holdfast(["hosts"], environment: ["HOLDFAST_SOCKET": ""])
            #expect(empty.errors.contains("/run/holdfast/holdfast.sock") || empty.status == 0)
        }
    }

    @Test("a socket that may not be used exits 77")
    func notPermitted() throws {
        let found = try RudeServer.answering(
            """
            HTTP/1.1 403 Forbidden\r\ncontent-length: 42\r\n\r\n\
            {"exit":77,"next":"n","what":"w","why":"y"}
            """.replacing("42", with: "43")
        ) { try Command.holdfast(["stop", "x"], socket: $0) }
        #expect(found.status == 77 && found.errors == "holdfast: w; y; n\n", "\(found.errors)")
    }

    @Test("completion scripts are there for three shells", arguments: ["bash", "zsh", "fish"])
    func completion(shell: String) throws {
        let found = try Command.holdfast(["--generate-completion-script", shell])
        #expect(found.status == 0 && found.output.contains("whereis"))
    }
}
