import Glibc
import HoldfastAPI

/// One host: a folder, a file, an agent and a guard, each a process of its own.
final class TestHost {
    let name: String
    let folder: String
    let port: UInt16
    /// Of the guard's control group and of the mark of its children.
    let guardName: String
    private(set) var agent: ChildProcess?
    private(set) var guardProcess: ChildProcess?
    /// What stands before a command to run it as somebody else.
    var prefix: [String] = []
    var containment: String?
    var programs = (agent: Programs.agent, guardProgram: Programs.guardProgram)

    init(_ name: String, in scratch: Scratch, port: UInt16) throws {
        self.name = name
        self.folder = scratch.path + "/" + name
        self.port = port
        let unique = scratch.path.split(separator: "/").last.map(String.init) ?? "hf"
        self.guardName = "\(unique)-\(name)"
        guard mkdir(self.folder, 0o755) == 0 else { throw Trouble("cannot make \(self.folder)") }
    }

    var file: String { self.folder + "/holdfast.yaml" }
    var socket: String { self.folder + "/holdfast.sock" }
    var guardSocket: String { self.folder + "/guard.sock" }
    var api: APIClient { APIClient(socket: self.socket) }
    var groups: ControlGroups? { ControlGroups(of: self.guardName) }
    var agentLog: String { self.folder + "/agent.log" }
    var guardLog: String { self.folder + "/guard.log" }

    /// Both; the guard first, since an agent without it only waits.
    func start() throws {
        try self.startGuard()
        try self.startAgent()
    }

    func startAgent() throws {
        guard self.agent?.isAlive != true else { return }
        self.agent = try ChildProcess(
            self.prefix + [self.programs.agent, "--config", self.file], output: self.agentLog)
    }

    func startGuard() throws {
        guard self.guardProcess?.isAlive != true else { return }
        var command = [
            self.programs.guardProgram, "--config", self.file, "--name", self.guardName,
        ]
        if let containment { command += ["--contain", containment] }
        if self.prefix.isEmpty, getuid() == 0 { command += ["--users", "any"] }
        self.guardProcess = try ChildProcess(self.prefix + command, output: self.guardLog)
    }

    func killAgent() { self.agent?.kill() }
    func killGuard() { self.guardProcess?.kill() }

    /// Both by SIGKILL, as near to at once as can be.
    func kill() {
        self.agent?.signal(SIGKILL)
        self.guardProcess?.signal(SIGKILL)
        self.killAgent()
        self.killGuard()
    }

    /// As a service manager stops a host: the guard with its children, then the agent.
    ///
    /// - Returns: How both ended.
    func stop(within limit: Double = 20) throws -> (guardEnd: String, agentEnd: String) {
        self.guardProcess?.signal(SIGTERM)
        guard let guardEnd = self.guardProcess?.waitForEnd(limit) else {
            throw Trouble("the guard of \(self.name) did not end by SIGTERM")
        }
        self.agent?.signal(SIGTERM)
        guard let agentEnd = self.agent?.waitForEnd(limit) else {
            throw Trouble("the agent of \(self.name) did not end by SIGTERM")
        }
        return ("\(guardEnd)", "\(agentEnd)")
    }

    /// Whatever the state of this host: nothing of it is left.
    func destroy() {
        self.kill()
        self.groups?.clear()
        let marks = ["HOLDFAST_GUARD_RUN=\(self.guardName)/", self.folder + "/"]
        for mark in marks {
            for number in ProcessTable.find(mark) { Glibc.kill(number, SIGKILL) }
        }
    }

    /// Processes and control groups that outlived `destroy`.
    var remains: [String] {
        var found = ProcessTable.find(self.folder + "/").map { "process \($0)" }
        if let groups, groups.exists { found.append("control group \(groups.path)") }
        return found
    }
}
