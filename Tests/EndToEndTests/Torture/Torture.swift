import Glibc
import HoldfastAPI
import Testing

/// Attacks three hosts, round by round, and looks after each whether the promise still holds.
struct Torture {
    struct Subject {
        let key: String
        let mayBeFrozen: Bool
        var log: WitnessLog
    }

    let cluster: Cluster
    var chance: Chance
    var subjects: [Subject] = []
    private(set) var longestAbsence = 0.0

    /// Within so many seconds everything runs again, all hosts being back.
    private static let recoveryLimit = 25.0

    init(_ cluster: Cluster, _ chance: Chance) {
        self.cluster = cluster
        self.chance = chance
    }

    /// One key for each thing that can happen at the deadline (G3).
    mutating func declare() throws {
        for action in ["freeze", "kill", "stop"] {
            let (command, log) = self.cluster.witness(action)
            try self.cluster.apply(
                """
                  \(action):
                    command: \(command)
                    on_quorum_loss: \(action)
                    restart: {delay: 20ms, max_delay: 100ms}
                    stop: {grace: 500ms}
                """)
            self.subjects.append(
                Subject(key: action, mayBeFrozen: action == "freeze", log: log))
        }
        try self.recover("declaring")
    }

    mutating func round(_ attack: Attack) throws {
        Instant.pause(Double.random(in: 0...0.4, using: &self.chance))
        let index = Int.random(in: 0..<self.subjects.count, using: &self.chance)
        let key = self.subjects[index].key
        let run = try self.cluster.waitUntilRunning(key, within: Self.recoveryLimit)
        let holder = try self.cluster[run.host ?? ""]
        let others = self.cluster.hosts.filter { $0.name != holder.name }
        let pause = Double.random(in: 1.1...1.8, using: &self.chance) * self.cluster.term
        switch attack {
        case .killChild: try self.endChild(run, by: SIGKILL)
        case .endChild: try self.endChild(run, by: SIGUSR1)
        case .killAgent: try self.restartLater([holder], pause) { $0.killAgent() }
        case .killGuard: try self.restartLater([holder], pause) { $0.killGuard() }
        case .killHost: try self.restartLater([holder], pause) { $0.kill() }
        case .pauseAgent: self.pauseAgents([holder], pause)
        case .pauseGuard: try self.pauseGuard(holder, pause)
        case .stopHost: try self.restartLater([holder], pause) { _ = try $0.stop() }
        case .killTwoHosts: try self.withoutQuorum(others) { $0.kill() }
        case .killTwoAgents: try self.withoutQuorum([others[0], holder]) { $0.killAgent() }
        case .pauseTwoAgents: try self.pauseTwo(others)
        case .killAllAgents: try self.withoutQuorum(self.cluster.hosts) { $0.killAgent() }
        case .killChildAndAgent: try self.endChild(run, by: SIGUSR1, unseenBy: holder)
        case .pauseHost: try self.pauseHost(holder, pause)
        case .killGuardUnderPausedAgent: try self.killGuard(under: holder, pause)
        }
        for host in self.cluster.hosts { try host.start() }
        try self.recover("\(attack)")
    }

    // MARK: - Attacks

    /// The status that the cluster reports is the child's own (G7, C3).
    ///
    /// Also when its agent is away as it ends, if that comes back in time.
    private func endChild(
        _ run: KeyDocument, by number: Int32, unseenBy holder: TestHost? = nil
    ) throws {
        let (key, token, process) = (run.key, run.token ?? 0, try #require(run.pid))
        holder?.killAgent()
        kill(process, number)
        try holder?.startAgent()
        let next = try self.cluster.waitUntilRunning(
            key, above: token, within: Self.recoveryLimit)
        guard let last = next.last, last.token == token else {
            throw Trouble("'\(key)' runs as \(next.token ?? 0), and its end as \(token) is lost")
        }
        let isRight =
            number == SIGKILL
            ? last.how == .signalled && last.signal == SIGKILL
            : last.how == .exited && last.code == 42
        guard isRight else { throw Trouble("'\(key)' was ended by signal \(number): \(last)") }
    }

    private func restartLater(
        _ hosts: [TestHost], _ pause: Double, _ end: (TestHost) throws -> Void
    ) throws {
        for host in hosts { try end(host) }
        Instant.pause(pause)
    }

    private func pauseAgents(_ hosts: [TestHost], _ pause: Double) {
        for host in hosts { host.agent?.signal(SIGSTOP) }
        Instant.pause(pause)
        for host in hosts { host.agent?.signal(SIGCONT) }
    }

    /// G4: a guard that does nothing at the deadline is killed by the kernel.
    private func pauseGuard(_ host: TestHost, _ pause: Double) throws {
        let process = try #require(host.guardProcess)
        process.signal(SIGSTOP)
        let end = process.waitForEnd(self.cluster.term)
        guard end == .signalled(SIGKILL) else {
            throw Trouble(
                "a paused guard was not killed by the kernel, but ended by \(String(describing: end))"
            )
        }
        Instant.pause(pause - self.cluster.term)
    }

    /// A whole host sleeps, as a suspended machine does; its kernel goes on.
    private func pauseHost(_ host: TestHost, _ pause: Double) throws {
        host.agent?.signal(SIGSTOP)
        try self.pauseGuard(host, pause)
        host.agent?.signal(SIGCONT)
    }

    /// The agent wakes up beside a guard that knows nothing of what it remembers (S10, S11).
    private func killGuard(under host: TestHost, _ pause: Double) throws {
        host.agent?.signal(SIGSTOP)
        host.killGuard()
        try host.startGuard()
        Instant.pause(pause)
        host.agent?.signal(SIGCONT)
    }

    /// No majority: past the deadline nothing executes anywhere.
    private mutating func withoutQuorum(
        _ hosts: [TestHost], _ end: (TestHost) throws -> Void
    ) throws {
        for host in hosts { try end(host) }
        Instant.pause(self.cluster.term)
        try self.requireSilence()
    }

    private mutating func pauseTwo(_ hosts: [TestHost]) throws {
        for host in hosts { host.agent?.signal(SIGSTOP) }
        defer { for host in hosts { host.agent?.signal(SIGCONT) } }
        Instant.pause(self.cluster.term)
        try self.requireSilence()
    }

    private mutating func requireSilence() throws {
        for index in self.subjects.indices {
            self.subjects[index].log.look()
            let before = self.subjects[index].log.newest
            Instant.pause(0.25)
            self.subjects[index].log.look()
            guard self.subjects[index].log.newest == before else {
                throw Trouble("'\(self.subjects[index].key)' executes without a quorum")
            }
        }
    }

    // MARK: - Afterwards

    /// Everything runs again; nothing ever ran twice.
    private mutating func recover(_ what: String) throws {
        let start = Instant.now()
        for index in self.subjects.indices {
            let key = self.subjects[index].key
            let run = try Instant.wait(
                Self.recoveryLimit, for: "'\(key)' to execute again after \(what)"
            ) { () -> KeyDocument? in
                self.subjects[index].log.look()
                try self.check(index, what)
                guard let newest = self.subjects[index].log.newest,
                    Instant.now() - newest.last < 0.3,
                    let run = try? self.cluster.whereis(key, at: self.cluster.hosts[0])
                else { return nil }
                return run.state == .running && run.token == newest.token ? run : nil
            }
            guard run.pid == self.subjects[index].log.newest?.processID else {
                throw Trouble("'\(key)' runs as \(run.pid ?? 0), which is not the witness")
            }
        }
        self.longestAbsence = max(self.longestAbsence, Instant.now() - start)
    }

    private func check(_ index: Int, _ what: String) throws {
        let subject = self.subjects[index]
        guard subject.log.violations.isEmpty else {
            throw Trouble("after \(what), two of '\(subject.key)': \(subject.log.violations)")
        }
        let overlaps = subject.log.runs.filter { $0.unlockedCount > 0 }
        guard subject.mayBeFrozen || overlaps.isEmpty else {
            throw Trouble("after \(what), '\(subject.key)' started beside another: \(overlaps)")
        }
    }
}
