import Foundation
import HoldfastCore
import HoldfastGuardCore
import HoldfastLinux
import Testing

/// Real guards with real children.
///
/// One at a time: they measure times.
@Suite("The guard's process", .serialized)
struct GuardProcessTests {
    /// The ways of holding trees that this user has here.
    static var classes: [Containment] {
        GuardHarness.canWriteGroups ? Containment.allCases : [.subreaper, .group]
    }

    /// Runs `body` with a guard and a connected agent, and cleans up whatever happens.
    func withGuard(
        _ containment: Containment? = nil, _ arguments: [String] = [],
        _ body: (GuardHarness, Agent) throws -> Void
    ) throws {
        let contain = containment.map { one in ["--contain", one.description] } ?? []
        let harness = try GuardHarness(contain + arguments)
        defer { harness.end() }
        do {
            let agent = try harness.connect()
            defer { agent.close() }
            try body(harness, agent)
        } catch {
            Issue.record("\(error)\n\(harness.log)")
        }
    }

    @Test("a child runs, and its output, status and time arrive", arguments: classes)
    func runs(_ containment: Containment) throws {
        try self.withGuard(containment) { _, agent in
            let hello = try agent.hello()
            #expect(hello.agentNumber == 1)
            #expect(hello.containment == containment)
            #expect(hello.session == nil)
            try agent.begin()
            let order = Orders.shell("a", "echo out; echo err >&2; exit 7")
            try agent.send(.launch(order))
            let end = try agent.end(of: order.name)
            #expect(end.status == .exited(code: 7))
            #expect(end.cause == .itself)
            #expect(end.ran > .zero && end.ran < .seconds(10))
            let output = try agent.output(of: order.name, until: "err\n")
            #expect(output == "out\nerr\n")
        }
    }

    @Test("a child starts clean: own session, no signals ignored, no foreign descriptors")
    func cleanStart() throws {
        try self.withGuard { _, agent in
            try agent.begin()
            var order = Orders.shell(
                "a",
                """
                echo descriptors $(ls /proc/self/fd | wc -l)
                grep -E 'SigBlk|SigIgn' /proc/self/status
                echo files $(ulimit -Sn)
                echo session $(ps -o sid= -p $$) is $$
                echo oom $(cat /proc/self/oom_score_adj)
                echo variables $(env | sort | tr '\\n' ' ')
                pwd; echo done
                """)
            order.environment.append("GREETING=hello")
            order.directory = "/usr"
            try agent.send(.launch(order))
            let output = try agent.output(of: order.name, until: "done\n")
            // ls has its own directory descriptor besides the three streams.
            #expect(output.contains("descriptors 4\n"))
            #expect(output.contains("SigBlk:\t0000000000000000"))
            #expect(output.contains("SigIgn:\t0000000000000000"))
            #expect(output.contains("oom 0\n"))
            #expect(output.contains("GREETING=hello"))
            #expect(output.contains("/usr\n"))
            var limit = rlimit()
            getrlimit(__rlimit_resource_t(RLIMIT_NOFILE.rawValue), &limit)
            #expect(output.contains("files \(limit.rlim_cur)\n"))
            let processID = try agent.processID(of: order.name)
            #expect(output.contains("is \(processID)\n"))
        }
    }

    /// A command that cannot be launched, and the step that says so.
    struct Failing: CustomTestStringConvertible {
        let testDescription: String
        let step: LaunchStep
        let errorNumber: Int32
        let spoil: @Sendable (inout LaunchOrder) -> Void
    }

    static let failing = [
        Failing(testDescription: "no such command", step: .execute, errorNumber: ENOENT) {
            order in order.executable = "/nonexistent/command"
        },
        Failing(testDescription: "not executable", step: .execute, errorNumber: EACCES) {
            order in order.executable = "/etc/passwd"
        },
        Failing(testDescription: "a directory", step: .execute, errorNumber: EACCES) {
            order in order.executable = "/tmp"
        },
        Failing(testDescription: "no such directory", step: .directory, errorNumber: ENOENT) {
            order in order.directory = "/nonexistent"
        },
        Failing(testDescription: "a file as directory", step: .directory, errorNumber: ENOTDIR) {
            order in order.directory = "/etc/passwd"
        },
    ]

    @Test("a launch that fails says at which step and why", arguments: failing)
    func launchFailure(_ failing: Failing) throws {
        try self.withGuard { _, agent in
            try agent.begin()
            var order = Orders.shell("a", "exit 0")
            failing.spoil(&order)
            try agent.send(.launch(order))
            try agent.wait { report in
                report
                    == .launchFailed(
                        order.name, step: failing.step, errorNumber: failing.errorNumber)
            }
            try agent.send(.launch(order))
            try agent.wait { report in report == .refused(order.name, .staleToken) }
            let next = Orders.shell("a", token: 2, "exit 0")
            try agent.send(.launch(next))
            #expect(try agent.end(of: next.name).status == .exited(code: 0))
        }
    }

    @Test("a user that was not allowed is refused, though the guard could")
    func userNotAllowed() throws {
        try self.withGuard(nil, ["--users", "\(geteuid()),4242"]) { _, agent in
            try agent.begin()
            let order = Orders.shell("a", "exit 0", user: 4243)
            try agent.send(.launch(order))
            try agent.wait { report in report == .refused(order.name, .userNotAllowed) }
        }
    }

    @Test(
        "a child of another user has that user's identity and nothing of the guard's",
        .enabled(if: GuardHarness.isRoot, "only root may launch as other users"))
    func otherUser() throws {
        try self.withGuard(nil, ["--users", "any"]) { _, agent in
            try agent.begin()
            var order = Orders.shell(
                "a", "id -u; id -g; id -G; grep CapEff /proc/self/status; echo done", user: 65534)
            order.supplementaryGroups = [12]
            try agent.send(.launch(order))
            let output = try agent.output(of: order.name, until: "done\n")
            #expect(
                output == "65534\n65534\n65534 12\nCapEff:\t0000000000000000\ndone\n")
        }
    }

    // MARK: - Stopping

    @Test("a child that ignores SIGTERM is killed after its grace", arguments: classes)
    func ignoresTerm(_ containment: Containment) throws {
        try self.withGuard(containment) { _, agent in
            try agent.begin()
            let order = Orders.shell("a", "trap '' TERM; echo ready; while :; do sleep 1; done")
            try agent.send(.launch(order))
            _ = try agent.output(of: order.name, until: "ready")
            let start = Clocks.read()
            try agent.send(.stop(order.name, immediately: false))
            let end = try agent.end(of: order.name)
            #expect(end.status == .signalled(9, dumpedCore: false))
            #expect(end.cause == .stopped)
            let took = Clocks.read().holderElapsed(since: start)
            #expect(took > .milliseconds(290) && took < .seconds(5))
        }
    }

    @Test("a child that obeys SIGTERM ends by itself", arguments: classes)
    func obeysTerm(_ containment: Containment) throws {
        try self.withGuard(containment) { _, agent in
            try agent.begin()
            let order = Orders.shell(
                "a", "trap 'exit 3' TERM; echo ready; while :; do sleep 0.01; done",
                grace: .seconds(15))
            try agent.send(.launch(order))
            _ = try agent.output(of: order.name, until: "ready")
            try agent.send(.stop(order.name, immediately: false))
            #expect(try agent.end(of: order.name).status == .exited(code: 3))
        }
    }

    @Test(
        "G6: a daemon that forked twice and left the session is part of its run",
        arguments: classes.filter { one in one != .group })
    func doubleFork(_ containment: Containment) throws {
        try self.withGuard(containment) { harness, agent in
            try agent.begin()
            let mark = "7\(UInt32.random(in: 100_000...999_999))"
            let order = Orders.shell(
                "a", "(setsid sleep \(mark) &) ; echo forked; exit 5", grace: .seconds(1))
            try agent.send(.launch(order))
            _ = try agent.output(of: order.name, until: "forked")
            // sleep obeys SIGTERM, which what outlives the main process gets at once.
            #expect(try agent.end(of: order.name).status == .exited(code: 5))
            #expect(Processes.matching(mark).isEmpty)
        }
    }

    @Test(
        "G6: a whole tree of stubborn daemons is gone when its end is reported",
        arguments: classes.filter { one in one != .group })
    func stubbornTree(_ containment: Containment) throws {
        try self.withGuard(containment) { _, agent in
            try agent.begin()
            let mark = "8\(UInt32.random(in: 100_000...999_999))"
            let order = Orders.shell(
                "a",
                """
                trap '' TERM
                for i in 1 2 3 4 5 6 7 8; do (setsid sh -c "trap '' TERM; sleep \(mark)" &); done
                echo forked; sleep \(mark)
                """)
            try agent.send(.launch(order))
            _ = try agent.output(of: order.name, until: "forked")
            usleep(100_000)
            try agent.send(.stop(order.name, immediately: true))
            #expect(try agent.end(of: order.name).cause == .stopped)
            #expect(Processes.matching(mark).isEmpty)
        }
    }

    @Test(
        "a child that forks without end is stopped as a whole",
        .enabled(if: GuardHarness.canWriteGroups, "only control groups outrun it"))
    func forksWithoutEnd() throws {
        try self.withGuard(.cgroup) { _, agent in
            try agent.begin()
            // Each process starts the next and ends, so there is always another number to kill.
            let order = Orders.shell(
                "a", "c() { echo t; sleep 0.001; c & }; c & c & c & sleep 100")
            try agent.send(.launch(order))
            _ = try agent.output(of: order.name, until: "t\nt\nt\nt\nt\nt\nt\nt\n")
            try agent.send(.stop(order.name, immediately: true))
            _ = try agent.end(of: order.name)
            #expect(agent.outputHasEnded(of: order.name))
        }
    }

    @Test("a child that closes all its descriptors is still accounted for", arguments: classes)
    func closesDescriptors(_ containment: Containment) throws {
        try self.withGuard(containment) { _, agent in
            try agent.begin()
            let order = Orders.shell("a", "exec 0<&- 1>&- 2>&-; sleep 0.2; exit 6")
            try agent.send(.launch(order))
            #expect(try agent.end(of: order.name).status == .exited(code: 6))
        }
    }

    @Test("an end is reported though the pipe is full and a stranger holds it", arguments: classes)
    func fullPipe(_ containment: Containment) throws {
        try self.withGuard(containment) { _, agent in
            try agent.begin()
            let order = Orders.shell("a", "yes | head -c 10000000; echo never")
            try agent.send(.launch(order))
            _ = try agent.processID(of: order.name)
            usleep(200_000)
            try agent.send(.stop(order.name, immediately: true))
            #expect(try agent.end(of: order.name).cause == .stopped)
        }
    }

    // MARK: - Tokens

    @Test("C8: a burned token is not launched, by a later agent neither")
    func burn() throws {
        try self.withGuard { harness, agent in
            try agent.begin()
            let order = Orders.shell("a", token: 5, "sleep 100")
            try agent.send(.burn(order.name))
            try agent.wait { report in report == .burned(order.name) }
            let next = try harness.connect()
            defer { next.close() }
            #expect(try next.hello().agentNumber == 2)
            try next.send(.launch(order))
            try next.wait { report in report == .refused(order.name, .staleToken) }
        }
    }

    @Test("C8: burning a live run ends it first")
    func burnLive() throws {
        try self.withGuard { _, agent in
            try agent.begin()
            let order = Orders.shell("a", token: 5, "trap '' TERM; sleep 100")
            try agent.send(.launch(order))
            let processID = try agent.processID(of: order.name)
            try agent.send(.burn(order.name))
            try agent.wait { report in report == .burned(order.name) }
            #expect(!Processes.exists(processID))
            #expect(try agent.end(of: order.name, within: .zero).cause == .stopped)
        }
    }

    @Test("S10: retiring an epoch kills what runs of it, then says so", arguments: classes)
    func retire(_ containment: Containment) throws {
        try self.withGuard(containment) { _, agent in
            try agent.begin()
            let order = Orders.shell("a", "trap '' TERM; sleep 100")
            try agent.send(.launch(order))
            let processID = try agent.processID(of: order.name)
            try agent.send(.retire(epoch: 1))
            try agent.wait { report in report == .retired(epoch: 1) }
            #expect(!Processes.exists(processID))
            try agent.begin(epoch: 2)
            let next = Orders.shell("a", token: 2, "exit 0", epoch: 2)
            try agent.send(.launch(next))
            #expect(try agent.end(of: next.name).status == .exited(code: 0))
        }
    }

    // MARK: - Agents

    @Test("G7: children and exits survive an agent", arguments: classes)
    func reconnect(_ containment: Containment) throws {
        try self.withGuard(containment) { harness, first in
            try first.begin()
            let lasting = Orders.shell("lasting", "echo alive; sleep 100")
            let brief = Orders.shell("brief", "sleep 0.3; echo last words; exit 42")
            try first.send(.launch(lasting))
            try first.send(.launch(brief))
            let processID = try first.processID(of: lasting.name)
            _ = try first.processID(of: brief.name)
            first.close()
            usleep(600_000)
            let second = try harness.connect()
            defer { second.close() }
            let hello = try second.hello()
            #expect(hello.agentNumber == 2)
            #expect(hello.session == Agent.session())
            #expect(hello.runs == [LiveRun(name: lasting.name, processID: processID)])
            #expect(try second.processID(of: lasting.name) == processID)
            #expect(try second.end(of: brief.name).status == .exited(code: 42))
            #expect(try second.output(of: brief.name, until: "words\n") == "last words\n")
            #expect(try second.output(of: lasting.name, until: "\n") == "alive\n")
            try second.send(.settle(brief.name))
            try second.renew(sequence: 2)
            second.close()
            let third = try harness.connect()
            defer { third.close() }
            _ = try third.processID(of: lasting.name)
            #expect(throws: Agent.Missing.self) {
                try third.end(of: brief.name, within: .milliseconds(200))
            }
        }
    }

    @Test("S11: the newest agent is obeyed, the older one's connection ends")
    func newestAgent() throws {
        try self.withGuard { harness, first in
            try first.begin()
            let second = try harness.connect()
            defer { second.close() }
            _ = try second.hello()
            #expect(first.isClosed())
            #expect(!first.connection.guardHasEnded())
        }
    }

    /// Packets that are no requests.
    static let noRequests: [[UInt8]] = [
        [0], [1], [2, 1], [1, 99], [1, 5, 255, 255, 255, 255], Array(repeating: 0xAA, count: 4096),
        Array(repeating: 1, count: Limits.guardFrameBytes + 1),
    ]

    @Test("garbage ends its connection and nothing else", arguments: noRequests)
    func badPackets(_ bytes: [UInt8]) throws {
        try self.withGuard { harness, agent in
            try agent.begin()
            let order = Orders.shell("a", "sleep 100")
            try agent.send(.launch(order))
            let processID = try agent.processID(of: order.name)
            let stranger = try PacketSocket(connectingTo: harness.socketPath)
            #expect(stranger.send(bytes) == .sent)
            let next = try harness.connect()
            defer { next.close() }
            #expect(try next.hello().runs.count == 1)
            #expect(Processes.exists(processID))
            #expect(harness.isRunning)
        }
    }

    @Test("a session that cannot be ends the connection")
    func impossibleSession() throws {
        try self.withGuard { _, agent in
            try agent.begin()
            try agent.send(.adopt(Agent.session(epoch: 9)))
            #expect(agent.isClosed())
        }
    }

    // MARK: - Its own life

    @Test("a second guard on the same socket is refused, the first goes on")
    func secondGuard() throws {
        try self.withGuard { harness, agent in
            _ = try agent.hello()
            let second = try GuardHarness(
                directory: harness.directory, name: harness.name + "-second")
            #expect(second.waitForEnd() == ExitStatusCode.temporary.rawValue)
            #expect(harness.log.contains("another guard serves it"))
            try agent.begin()
            GuardHarness.removeGroup(second.name)
        }
    }

    @Test("a socket left by a killed guard is replaced, and its children are gone before hello")
    func staleSocket() throws {
        try self.withGuard { harness, agent in
            try agent.begin()
            let mark = "9\(UInt32.random(in: 100_000...999_999))"
            let order = Orders.shell("a", "trap '' TERM; (setsid sleep \(mark) &); sleep \(mark)")
            try agent.send(.launch(order))
            _ = try agent.processID(of: order.name)
            usleep(200_000)
            harness.signal(SIGKILL)
            #expect(agent.isClosed())
            #expect(agent.connection.guardHasEnded(within: 5000))
            _ = harness.waitForEnd()
            let next = try GuardHarness(directory: harness.directory, name: harness.name)
            defer { next.end() }
            let newAgent = try next.connect()
            defer { newAgent.close() }
            let hello = try newAgent.hello()
            #expect(hello.runs.isEmpty)
            #expect(hello.agentNumber == 1)
            #expect(Processes.matching(mark).isEmpty)
        }
    }

    @Test(
        "G8: a guard that was started in another place empties the place of the one before it",
        .enabled(if: GuardHarness.canWriteGroups, "needs writable control groups"))
    func emptyOtherPlace() throws {
        try self.withGuard(.cgroup) { harness, agent in
            try agent.begin()
            let mark = "9\(UInt32.random(in: 100_000...999_999))"
            let order = Orders.shell(
                "a", "(setsid sleep \(mark) &); sleep 0.2; echo on; sleep \(mark)")
            try agent.send(.launch(order))
            _ = try agent.output(of: order.name, until: "on")
            harness.signal(SIGKILL)
            _ = harness.waitForEnd()
            #expect(!Processes.matching(mark).isEmpty)
            let next = try GuardHarness(
                ["--contain", "cgroup"], directory: harness.directory,
                name: harness.name + "-other")
            defer { GuardHarness.removeGroup(next.name) }
            _ = try next.connect().find { report in
                if case .hello = report { true } else { nil }
            }
            #expect(Processes.matching(mark).isEmpty)
            next.signal(SIGTERM)
            #expect(next.waitForEnd() == 0)
        }
    }

    @Test(
        "G8: an agent that sees the guard die can empty what it left",
        .enabled(if: GuardHarness.canWriteGroups, "needs writable control groups"))
    func emptyLeftOvers() throws {
        try self.withGuard(.cgroup) { harness, agent in
            try agent.begin()
            let mark = "9\(UInt32.random(in: 100_000...999_999))"
            let order = Orders.shell(
                "a", "trap '' TERM; (setsid sleep \(mark) &); sleep 0.2; echo on; sleep \(mark)")
            try agent.send(.launch(order))
            _ = try agent.output(of: order.name, until: "on")
            #expect(!agent.connection.emptyLeftOvers(within: .seconds(5)))
            #expect(Processes.matching(mark).count == 3)
            harness.signal(SIGKILL)
            #expect(agent.connection.guardHasEnded(within: 5000))
            #expect(agent.connection.emptyLeftOvers(within: .seconds(5)))
            #expect(Processes.matching(mark).isEmpty)
        }
    }

    @Test(
        "SIGTERM stops the children, reports their ends, retires, ends with 0", arguments: classes)
    func terminated(_ containment: Containment) throws {
        try self.withGuard(containment) { harness, agent in
            try agent.begin()
            let obedient = Orders.shell(
                "obedient", "trap 'exit 0' TERM; echo on; while :; do sleep 0.01; done",
                grace: .seconds(10))
            let stubborn = Orders.shell("stubborn", "trap '' TERM; echo on; sleep 100")
            for order in [obedient, stubborn] {
                try agent.send(.launch(order))
                _ = try agent.output(of: order.name, until: "on")
            }
            harness.signal(SIGTERM)
            try agent.wait { report in report == .ending }
            let late = Orders.shell("late", "exit 0")
            try agent.send(.launch(late))
            try agent.wait { report in report == .refused(late.name, .ending) }
            #expect(try agent.end(of: obedient.name).status == .exited(code: 0))
            #expect(try agent.end(of: stubborn.name).cause == .guardEnding)
            try agent.send(.settle(obedient.name))
            try agent.send(.settle(stubborn.name))
            try agent.wait { report in report == .retired(epoch: 1) }
            #expect(harness.waitForEnd() == 0)
            #expect(!FileManager.default.fileExists(atPath: harness.socketPath))
            let own = ControlGroupPlace.find() ?? "/nonexistent"
            #expect(!FileManager.default.fileExists(atPath: "\(own)/\(harness.name)"))
        }
    }

    @Test(
        "an ordinary user's guard works, and says how it holds trees",
        .enabled(if: GuardHarness.isRoot, "as another user this is what all tests are"))
    func ordinaryUser() throws {
        // The build folder need not be readable to others; the guard's program is.
        let directory = try GuardHarness.makeDirectory()
        let harness = try GuardHarness(user: 65534, directory: directory)
        defer { harness.end() }
        do {
            let agent = try harness.connect()
            defer { agent.close() }
            #expect(try agent.hello().containment == .subreaper)
            try agent.begin()
            let mark = "6\(UInt32.random(in: 100_000...999_999))"
            let order = Orders.shell("a", "id -u; (setsid sleep \(mark) &) ; exit 5", user: 65534)
            try agent.send(.launch(order))
            #expect(try agent.end(of: order.name).status == .exited(code: 5))
            #expect(try agent.output(of: order.name, until: "\n") == "65534\n")
            #expect(Processes.matching(mark).isEmpty)
            let other = Orders.shell("b", "exit 0", user: 0)
            try agent.send(.launch(other))
            try agent.wait { report in report == .refused(other.name, .userNotAllowed) }
        } catch {
            Issue.record("\(error)\n\(harness.log)")
        }
    }
}
