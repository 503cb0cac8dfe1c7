import FoundationEssentials
import HoldfastCore
import HoldfastJobs
import HoldfastSpec
import Testing

@Suite("Writing jobs")
struct WritingTests {
    @Test("the canonical form of a file is short, and in a fixed order")
    func canonical() throws {
        let text = """
            version: 1
            jobs:
              b:
                logs: {count: 2}
                stop: {grace: 90s}
                restart: never
                hosts: {prefer: {b: "1", a: "yes"}}
                env: {Z: "", A: "x: y"}
                shell: |
                  echo a

                  echo "b"
                freeze_limit: 36h
                start: on-demand
                user: 1000
              a: {command: [/bin/echo, "true", "", "a\\tb", é]}
            """
        let file = try JobsFile.read(text: text, file: "f")
        #expect(
            JobsFile.write(file.jobs.map { ($0.key, $0.spec) }) == """
                version: 1
                jobs:
                  b:
                    shell: |
                      echo a

                      echo "b"
                    env:
                      A: "x: y"
                      Z: ""
                    user: "1000"
                    hosts:
                      prefer:
                        a: "yes"
                        b: "1"
                    start: on-demand
                    restart:
                      policy: never
                      delay: 1s
                      max_delay: 1m
                    stop:
                      signal: TERM
                      grace: 1m30s
                    freeze_limit: 1d12h
                    logs:
                      to: file
                      size: 10M
                      count: 2
                  a:
                    command: [/bin/echo, "true", "", "a\\tb", "é"]

                """)
    }

    @Test("no jobs are written and read as none")
    func none() throws {
        #expect(JobsFile.write([]) == "version: 1\njobs: {}\n")
        #expect(try JobsFile.read(text: JobsFile.write([]), file: "f").jobs.isEmpty)
    }

    /// Goal: whatever a job holds, its YAML and its JSON mean the same job.
    ///
    /// Method: jobs made of texts that YAML treats in special ways, with a seed that the failure
    /// shows; each is written and read back both ways.
    @Test("any job survives its YAML and its JSON", arguments: UInt64(1)...200)
    func roundTrip(seed: UInt64) throws {
        var generator = Generator(state: seed)
        let job = generator.job()
        let key = try Key(generator.text(allowsControl: false) + "k")
        let yaml = JobsFile.write([(key, job)])
        let read = try JobsFile.read(text: yaml, file: "f")
        #expect(read.jobs.map(\.key) == [key], "\(yaml)")
        #expect(read.jobs.map(\.spec) == [job], "\(yaml)")

        let data = try JSONEncoder().encode(JobDocument(job))
        let document = try JSONDecoder().decode(JobDocument.self, from: data)
        #expect(try document.spec() == job)
    }

    @Test("a key that ends in its first @ is a template's")
    func templateKeys() throws {
        #expect(JobsFile.isTemplate(try Key("w@")))
        #expect(!JobsFile.isTemplate(try Key("w@1")))
        #expect(!JobsFile.isTemplate(try Key("w@1@")))
        #expect(!JobsFile.isTemplate(try Key("w")))
    }
}

/// Jobs from a seed (xorshift64*).
private struct Generator {
    var state: UInt64

    private static let pieces = [
        "a", "B", "0", " ", "  ", ":", ": ", " #", "-", "- ", "'", "\"", "\\", "{", "}", "[", "]",
        ",", "&x", "*x", "!t", "%", "@", "`", "|", ">", "?", "~", "null", "true", "1e3", "0x1F",
        "é", "日本", "😀", "=", "\u{FEFF}", "\u{FFFE}", "\u{85}", "\u{2028}", "\u{E000}",
    ]
    private static let control = [
        "\n", "\n\n", "\t", "\r", "\u{1}", "\u{1B}", "\u{7F}", "\n ", " \n",
    ]

    mutating func next(_ bound: Int) -> Int {
        self.state ^= self.state >> 12
        self.state ^= self.state << 25
        self.state ^= self.state >> 27
        return Int((self.state &* 2_685_821_657_736_338_717) >> 33) % bound
    }

    mutating func text(allowsControl: Bool = true) -> String {
        let pieces = allowsControl ? Self.pieces + Self.control : Self.pieces.dropLast(3)
        return (0..<self.next(8)).map { _ in pieces[self.next(pieces.count)] }.joined()
    }

    mutating func job() -> JobSpec {
        var job = JobSpec(
            command: ["/" + self.text()] + (0..<self.next(4)).map { _ in self.text() })
        if self.next(3) == 0 { job.command = ["/bin/sh", "-c", self.text()] }
        job.environment = (0..<self.next(4)).map {
            EnvironmentVariable(name: "V\($0)", value: self.text())
        }
        if self.next(2) == 0 { job.directory = "/" + self.text() }
        if self.next(2) == 0 { job.user = "u\(self.next(100))" }
        if self.next(2) == 0 { job.group = "\(self.next(100))" }
        job.placement.require = (0..<self.next(3)).map {
            Label(name: "l\($0)", value: self.text(allowsControl: false))
        }
        job.start = StartMode.allCases[self.next(2)]
        job.restart.condition = RestartPolicy.Condition.allCases[self.next(3)]
        job.restart.delay = .milliseconds(self.next(60_000))
        if self.next(2) == 0 {
            job.restart.giveUp = .init(
                count: UInt32(self.next(100) + 1), within: .milliseconds(self.next(100_000) + 1))
        }
        job.stop = StopPolicy(
            signal: Int32(self.next(31) + 1), grace: .milliseconds(self.next(1_000_000)))
        job.onQuorumLoss = QuorumLossAction.allCases[self.next(3)]
        if self.next(2) == 0 { job.freezeLimit = .milliseconds(self.next(1_000_000_000) + 1) }
        job.logs.fileBytes = UInt64(4_096 + self.next(1_000_000))
        job.logs.fileCount = UInt32(self.next(100) + 1)
        return job
    }
}
