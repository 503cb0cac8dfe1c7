import Glibc
import HoldfastAPI
import HoldfastCore
import HoldfastSpec

/// Three hosts on loopback, as three machines would run them, but for the one disk.
final class Cluster {
    let directory: String
    let term: Double
    let hosts: [Host]
    let signposts: Signposts

    /// Gives a cluster that serves to `body`, then stops it.
    static func run(
        _ directory: String, term: Double, _ body: (Cluster) throws -> Void
    ) throws {
        let cluster = try Cluster(directory, term: term)
        defer { for host in cluster.hosts { host.stop() } }
        for host in cluster.hosts { try host.start() }
        for host in cluster.hosts { try cluster.waitUntilServing(host) }
        try body(cluster)
    }

    private init(_ directory: String, term: Double) throws(Trouble) {
        guard mkdir(directory, 0o755) == 0 else { throw .system("make \(directory)") }
        self.directory = directory
        self.term = term
        self.signposts = try Signposts(directory + "/signposts")
        var hosts: [Host] = []
        for (index, port) in try FreePorts.take(3).enumerated() {
            hosts.append(try Host("h\(index + 1)", in: directory, port: port))
        }
        self.hosts = hosts
        for host in hosts { try self.configure(host) }
    }

    private func configure(_ host: Host) throws(Trouble) {
        let peers = self.hosts.map { "\($0.name): \"127.0.0.1:\($0.port)\"" }
        let text = """
            name: \(host.name)
            listen: 127.0.0.1:\(host.port)
            \(getuid() == 0 ? "users: any" : "")
            cluster: {name: benchmark, size: 3, hosts: {\(peers.joined(separator: ", "))}}
            lease: {term: \(Int(self.term))s}

            """
        let file = open(host.file, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0o644)
        defer { close(file) }
        guard write(file, text, text.utf8.count) == text.utf8.count else {
            throw .system("write \(host.file)")
        }
    }

    func waitUntilServing(_ host: Host) throws(Trouble) {
        try Clock.wait(3 * self.term + 20, until: "\(host.name) serves") {
            host.isServing || !host.isAlive
        }
        guard host.isAlive else { throw Trouble("\(host.name) ended; see its logs") }
    }

    func host(_ name: String) throws(Trouble) -> Host {
        guard let host = self.hosts.first(where: { $0.name == name }) else {
            throw Trouble("there is no host '\(name)'")
        }
        return host
    }

    // MARK: Jobs

    /// A job whose child tells of itself and then sleeps, on `host` alone or on any, with `more`
    /// fields as YAML.
    func job(host: String? = nil, more: String = "") throws -> JobDocument {
        let command = self.signposts.command.map { "'\($0)'" }.joined(separator: ", ")
        let place = host.map { "hosts: {require: {host: \($0)}}, " } ?? ""
        let file = try JobsFile.read(
            text: "version: 1\njobs:\n  job: {command: [\(command)], \(place)\(more)}\n",
            file: "jobs.yaml")
        guard let job = file.jobs.first else { throw Trouble("there is no job") }
        return JobDocument(job.spec)
    }

    func declare(_ keys: [String], _ job: JobDocument) throws {
        let jobs = keys.map { ApplyRequest.Job(key: $0, job: job) }
        let result = try self.hosts[0].api.apply(ApplyRequest(jobs: jobs))
        for row in result.results where row.outcome != .created {
            throw Trouble("'\(row.key)' was not declared: \(row.outcome) \(row.error ?? "")")
        }
    }
}
