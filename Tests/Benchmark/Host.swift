import Glibc
import HoldfastAPI

/// One host of a cluster: a folder, a file, an agent and a guard.
final class Host {
    let name: String
    let folder: String
    let port: UInt16
    /// Of the guard's control group.
    let guardName: String
    private(set) var agent: Spawned?
    private(set) var guardProcess: Spawned?

    init(_ name: String, in directory: String, port: UInt16) throws(Trouble) {
        self.name = name
        self.folder = directory + "/" + name
        self.port = port
        let place = directory.split(separator: "/").suffix(2).joined(separator: "-")
        self.guardName = "\(place)-\(name)"
        guard mkdir(self.folder, 0o755) == 0 else { throw .system("make \(self.folder)") }
    }

    var api: APIClient { APIClient(socket: self.folder + "/holdfast.sock") }
    var file: String { self.folder + "/holdfast.yaml" }

    /// The guard first: an agent without it only waits.
    func start() throws(Trouble) {
        var users: [String] = []
        if getuid() == 0 { users = ["--users", "any"] }
        self.guardProcess = try Spawned(
            [
                Programs.guardProgram, "--config", self.file, "--name", self.guardName,
                "--exit-with-parent",
            ] + users, output: self.folder + "/guard.log")
        self.agent = try Spawned(
            [Programs.agent, "--config", self.file, "--exit-with-parent"],
            output: self.folder + "/agent.log")
    }

    /// SIGKILL to both, as near to at once as can be.
    func kill() {
        self.agent?.signal(SIGKILL)
        self.guardProcess?.signal(SIGKILL)
        self.agent?.kill()
        self.guardProcess?.kill()
    }

    var isAlive: Bool { self.agent?.isAlive ?? false && self.guardProcess?.isAlive ?? false }

    var isServing: Bool {
        guard let status = try? self.api.status() else { return false }
        return status.quorum.ok && status.session.state == "open"
    }

    /// The guard with its children, then the agent.
    func stop() {
        self.guardProcess?.end(within: 20)
        self.agent?.end(within: 5)
    }
}
