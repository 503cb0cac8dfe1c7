import Glibc
import HoldfastAPI
import HoldfastCore
import HoldfastSpec
import Testing

/// Hosts of a test's own on this machine.
///
/// Whatever the test does, nothing of them outlives `run`, which looks for what should not be
/// there.
final class Cluster {
    struct Options {
        var size = 3
        /// T, in seconds: short, so that rounds are.
        var term = 2.0
        /// How children are to be held; `nil` for the best that works.
        var containment: String?
        /// Runs all hosts as this user.
        var userID: UInt32?
    }

    let scratch: Scratch
    let options: Options
    let hosts: [TestHost]

    /// Makes a cluster that is not started, gives it to `body`, and clears it away.
    static func run(
        _ options: Options = Options(), _ body: (Cluster) throws -> Void
    ) throws {
        let cluster = try Cluster(options)
        defer { cluster.destroy() }
        do {
            try body(cluster)
        } catch {
            cluster.tell(about: error)
            throw error
        }
    }

    /// The same, started and formed.
    static func runFormed(
        _ options: Options = Options(), _ body: (Cluster) throws -> Void
    ) throws {
        try Self.run(options) { cluster in
            try cluster.start()
            try body(cluster)
        }
    }

    private init(_ options: Options) throws {
        let scratch = try Scratch()
        self.scratch = scratch
        self.options = options
        let ports = try FreePorts.take(options.size)
        self.hosts = try ports.enumerated().map { index, port in
            try TestHost("h\(index + 1)", in: scratch, port: port)
        }
        for host in self.hosts {
            host.containment = options.containment
            try TestFile.write(self.configuration(of: host), to: host.file)
        }
    }

    var term: Double { self.options.term }

    subscript(_ name: String) -> TestHost {
        get throws {
            guard let host = self.hosts.first(where: { $0.name == name }) else {
                throw Trouble("there is no host '\(name)'")
            }
            return host
        }
    }

    /// The text of a host's file; parts can be replaced by a test of wrong ones.
    func configuration(
        of host: TestHost, name: String? = nil, cluster: String = "test", more: String = ""
    ) -> String {
        let peers = self.hosts.map { "\($0.name): \"127.0.0.1:\($0.port)\"" }
        let milliseconds = Int(self.options.term * 1000)
        return """
            name: \(name ?? host.name)
            listen: 127.0.0.1:\(host.port)
            \(self.options.userID == nil ? "users: any" : "")
            cluster:
              name: \(cluster)
              size: \(self.options.size)
              hosts: {\(peers.joined(separator: ", "))}
            lease: {term: \(milliseconds)ms}
            labels: {zone: z\(host.name.dropFirst())}
            \(more)
            """
    }

    // MARK: - All hosts

    func start() throws {
        for host in self.hosts { try host.startGuard() }
        for host in self.hosts { try host.startAgent() }
        try self.waitUntilServing()
    }

    /// Until every one of these hosts has a quorum and an open session.
    func waitUntilServing(_ hosts: [TestHost]? = nil, within limit: Double? = nil) throws {
        let limit = limit ?? self.term * 3 + 15
        for host in hosts ?? self.hosts {
            try Instant.wait(limit, until: "\(host.name) to serve") {
                guard let status = try? host.api.status() else { return false }
                return status.quorum.ok && status.session.state == "open"
            }
        }
    }

    private func destroy() {
        for host in self.hosts { host.kill() }
        for host in self.hosts { host.destroy() }
        let remains = self.hosts.flatMap(\.remains)
        if !remains.isEmpty { Issue.record("left behind: \(remains)") }
        if getenv("HOLDFAST_KEEP") == nil { self.scratch.remove() }
    }

    /// The ends of all logs, for whoever reads the failure.
    private func tell(about error: any Error) {
        var text = "\n\(error)\n"
        for host in self.hosts {
            for path in [host.agentLog, host.guardLog] {
                let lines = TestFile.read(path).split(separator: "\n").suffix(40)
                text += "--- \(path)\n\(lines.joined(separator: "\n"))\n"
            }
        }
        print(text)
    }

    // MARK: - Jobs

    /// Declares the jobs of a file's text.
    func apply(_ text: String, at host: TestHost? = nil) throws {
        let file = try JobsFile.read(text: "version: 1\njobs:\n" + text, file: "jobs.yaml")
        let jobs = file.jobs.map { job in
            ApplyRequest.Job(key: job.key.text, job: JobDocument(job.spec))
        }
        let result = try (host ?? self.hosts[0]).api.apply(ApplyRequest(jobs: jobs))
        for row in result.results where row.outcome != .created && row.outcome != .changed {
            throw Trouble("'\(row.key)' was not declared: \(row.outcome) \(row.error ?? "")")
        }
    }

    func whereis(_ key: String, at host: TestHost) throws -> KeyDocument {
        try host.api.whereis(Key(key), WhereisQuestion())
    }

    /// Until `host` says for certain that the key runs, with a token above `token`.
    func waitUntilRunning(
        _ key: String, above token: UInt64 = 0, at host: TestHost? = nil, within limit: Double = 20
    ) throws -> KeyDocument {
        try Instant.wait(limit, for: "'\(key)' to run with a token above \(token)") {
            guard let document = try? self.whereis(key, at: host ?? self.hosts[0]),
                document.state == .running, document.pid != nil,
                let found = document.token, found > token
            else { return nil }
            return document
        }
    }

    /// Until the key is in this state.
    @discardableResult
    func wait(
        _ key: String, for state: KeyDocument.State, at host: TestHost? = nil,
        within limit: Double = 20
    ) throws -> KeyDocument {
        try Instant.wait(limit, for: "'\(key)' to be \(state)") {
            let document = try? self.whereis(key, at: host ?? self.hosts[0])
            return document?.state == state ? document : nil
        }
    }

    /// A witness's command as YAML, and the file that it writes.
    func witness(_ name: String, _ options: String = "") -> (command: String, log: WitnessLog) {
        let path = self.scratch.path + "/" + name + ".witness"
        let words = [Programs.witness, path] + options.split(separator: " ").map(String.init)
        return ("[\(words.joined(separator: ", "))]", WitnessLog(path))
    }
}
