import HoldfastCore
import HoldfastJobs
import HoldfastSpec
import Testing

/// What a right file means.
@Suite("Values of a jobs file")
struct ValueTests {
    @Test("a job with only a command has every default")
    func defaults() throws {
        #expect(try spec("command: [sleep, 5]") == JobSpec(command: ["sleep", "5"]))
        #expect(try spec("shell: a | b") == JobSpec(command: ["/bin/sh", "-c", "a | b"]))
    }

    @Test("every field reaches the job")
    func everything() throws {
        let job = try spec(
            """
            command: [/opt/bill/worker, --queue, ""]
            env: {LOG: info, DEBUG: true, EMPTY: "", N: 1}
            directory: /opt/bill
            user: bill
            group: 1000
            hosts: {require: {zone: eu, arch: x86}, prefer: {host: h1}}
            start: on-demand
            restart: {policy: on-failure, delay: 0s, max_delay: 1m30s, give_up: 10 in 15m}
            stop: {signal: SIGINT, grace: 500ms}
            on_quorum_loss: kill
            freeze_limit: 1h
            logs: {to: file, size: 512K, count: 3}
            """)
        let expected = JobSpec(
            command: ["/opt/bill/worker", "--queue", ""],
            environment: [
                EnvironmentVariable(name: "DEBUG", value: "true"),
                EnvironmentVariable(name: "EMPTY", value: ""),
                EnvironmentVariable(name: "LOG", value: "info"),
                EnvironmentVariable(name: "N", value: "1"),
            ],
            directory: "/opt/bill", user: "bill", group: "1000",
            placement: Placement(
                require: [Label(name: "arch", value: "x86"), Label(name: "zone", value: "eu")],
                prefer: [Label(name: "host", value: "h1")]),
            start: .onDemand,
            restart: RestartPolicy(
                condition: .onFailure, delay: .zero, maximumDelay: .seconds(90),
                giveUp: .init(count: 10, within: .seconds(900))),
            stop: StopPolicy(signal: 2, grace: .milliseconds(500)), onQuorumLoss: .kill,
            freezeLimit: .seconds(3_600), logs: LogPolicy(fileBytes: 524_288, fileCount: 3))
        #expect(job == expected)
    }

    @Test("one delay given alone moves the other with it")
    func delays() throws {
        let long = try spec("command: [a]\nrestart: {delay: 5m}").restart
        #expect(long.maximumDelay == .seconds(300))
        let short = try spec("command: [a]\nrestart: {max_delay: 100ms}").restart
        #expect(short.delay == .milliseconds(100))
    }

    @Test("defaults fill in what a job leaves open, name by name, and a job can undo them")
    func fileDefaults() throws {
        let text = """
            version: 1
            defaults:
              shell: echo
              user: app
              env: {A: 1, B: 2}
              hosts: {require: {zone: eu}}
              restart: {policy: on-failure, delay: 3s, give_up: 5 in 1m}
              freeze_limit: 1m
            jobs:
              a: {}
              b:
              c:
                command: [x]
                user: root
                env: {B: 3}
                hosts: {require: {zone: us}, prefer: {disk: ssd}}
                restart: {delay: 1s, give_up: never}
                freeze_limit: never
            """
        let jobs = try JobsFile.read(text: text, file: "f").jobs
        #expect(jobs.map(\.key.text) == ["a", "b", "c"])
        #expect(jobs[0].spec == jobs[1].spec)
        #expect(jobs[0].spec.user == "app")
        #expect(jobs[0].spec.restart.giveUp == .init(count: 5, within: .seconds(60)))
        let own = jobs[2].spec
        #expect(own.command == ["x"])
        #expect(own.user == "root")
        #expect(own.environment.map(\.value) == ["1", "3"])
        #expect(own.placement.require == [Label(name: "zone", value: "us")])
        #expect(own.restart.condition == .onFailure)
        #expect(own.restart.delay == .seconds(1))
        #expect(own.restart.giveUp == nil)
        #expect(own.freezeLimit == nil)
    }

    @Test("a delay of the defaults that a job's max_delay contradicts is told")
    func crossedDelays() {
        let text = """
            version: 1
            defaults: {restart: {delay: 1m}}
            jobs: {a: {command: [x], restart: {max_delay: 5s}}}
            """
        let expected = "f:2:29: 'delay' is 1m, which is more than 'max_delay', 5s"
        #expect(mistakes(text) == [expected])
    }

    @Test("instances take their template's body, with their own name for %i")
    func templates() throws {
        let text = """
            version: 1
            jobs:
              w@1:
              w@b@c: {env: {ME: "%i 100%%"}, directory: /srv}
              w@:
                command: [/opt/w, "--n=%i", "%%i", "%s"]
                directory: /srv/%i
                user: w%i
                hosts: {prefer: {shard: "%i"}}
              plain@7: {command: [x, "%i", "%%"]}
            """
        let file = try JobsFile.read(text: text, file: "f")
        #expect(file.notes.isEmpty)
        #expect(file.jobs.map(\.key.text) == ["w@1", "w@b@c", "plain@7"])
        let first = file.jobs[0].spec
        #expect(first.command == ["/opt/w", "--n=1", "%i", "%s"])
        #expect(first.directory == "/srv/1")
        #expect(first.user == "w1")
        #expect(first.placement.prefer == [Label(name: "shard", value: "1")])
        let second = file.jobs[1].spec
        #expect(second.command[1] == "--n=b@c")
        #expect(second.directory == "/srv")
        #expect(second.environment == [EnvironmentVariable(name: "ME", value: "b@c 100%")])
        #expect(file.jobs[2].spec.command == ["x", "%i", "%%"])
    }

    @Test("what an instance's name makes of a template is checked again")
    func badInstance() {
        let text = """
            version: 1
            jobs:
              w@: {command: ["%i/run"], user: "%i"}
              w@/opt: {user: ok}
              w@a b: {command: [x]}
            """
        #expect(
            mistakes(text) == [
                "f:3:18: '%i/run' is a relative path; give an absolute one, or a name to look "
                    + "for in PATH"
            ])
        let fixed = text.replacing("%i/run", with: "run")
        #expect(mistakes(fixed) == ["f:3:32: 'user' is 'a b', which cannot be a name"])
    }

    @Test("a template that nothing uses is noted, and is no mistake")
    func unusedTemplate() throws {
        let text = "version: 1\njobs: {w@: {command: [x]}}"
        let file = try JobsFile.read(text: text, file: "f")
        #expect(file.jobs.isEmpty)
        #expect(
            file.notes.map(\.description) == [
                "f:2:8: the template 'w@' has no instance such as 'w@1', so nothing will run"
            ])
    }

    @Test("aliases stand for what they name")
    func aliases() throws {
        let text = """
            version: 1
            jobs:
              a: &a {command: &c [x, y], env: {A: &v hello}}
              b: *a
              c: {command: *c, env: {B: *v}}
            """
        let jobs = try JobsFile.read(text: text, file: "f").jobs
        #expect(jobs[1].spec == jobs[0].spec)
        #expect(jobs[2].spec.environment == [EnvironmentVariable(name: "B", value: "hello")])
    }

    @Test("places name where a field was written, even in a template or the defaults")
    func places() throws {
        let text = """
            version: 1
            defaults: {user: app}
            jobs:
              w@: {command: [x]}
              w@1: {directory: /srv}
            """
        let job = try #require(try JobsFile.read(text: text, file: "f").jobs.first)
        #expect(job.position == SourcePosition(line: 5, column: 3))
        #expect(job.places[.user] == SourcePosition(line: 2, column: 18))
        #expect(job.places[.command] == SourcePosition(line: 4, column: 18))
        #expect(job.places[.directory] == SourcePosition(line: 5, column: 20))
    }
}
