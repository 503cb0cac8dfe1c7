import Foundation
import HoldfastCore
import HoldfastGuardCore
import HoldfastLinux
import Testing

/// What the guard does when nobody renews, with real children that write down when they run.
@Suite("The guard's fence", .serialized)
struct GuardFencingTests {
    static var classes: [Containment] { GuardProcessTests.classes }

    func withGuard(
        _ containment: Containment, _ body: (GuardHarness, Agent) throws -> Void
    ) throws {
        try GuardProcessTests().withGuard(containment, [], body)
    }

    /// Writes the boot clock every few milliseconds; /proc/uptime counts hundredths of it.
    static let ticker = "trap '' TERM; echo on; while :; do sleep 0.005; echo t; done"

    @Test(
        "G3: without renewal a run is frozen at the deadline, and thawed by the next lease",
        arguments: classes)
    func freezeAndThaw(_ containment: Containment) throws {
        try self.withGuard(containment) { _, agent in
            try agent.begin(hard: .milliseconds(600))
            let start = Clocks.read()
            let order = Orders.shell("a", Self.ticker)
            try agent.send(.launch(order))
            _ = try agent.output(of: order.name, until: "on")
            let (_, at) = try agent.findTimed { report in
                report == .fenced(epoch: 1) ? true : nil
            }
            let took = at.holderElapsed(since: start)
            #expect(took > .milliseconds(400) && took < .milliseconds(1500))
            // What it wrote before is drained; then nothing more comes.
            usleep(20_000)
            _ = Self.drain(agent, order.name)
            usleep(200_000)
            #expect(Self.drain(agent, order.name) == 0)
            let late = Orders.shell("late", "exit 0")
            try agent.send(.launch(late))
            try agent.wait { report in report == .refused(late.name, .fenced) }
            try agent.renew(sequence: 2)
            try agent.wait { report in
                report == .renewed(epoch: 1, sequence: 2, isFenced: false)
            }
            _ = try agent.output(of: order.name, until: "t\nt\n")
        }
    }

    @Test(
        "G3: a run that makes processes all the time is frozen like any other",
        arguments: classes)
    func freezeForker(_ containment: Containment) throws {
        try self.withGuard(containment) { harness, agent in
            try agent.begin(hard: .milliseconds(500), wakeUpDelay: .seconds(6))
            let order = Orders.shell(
                "a", "f() { while :; do /bin/true; done; }; f & f & f & f & f & f")
            try agent.send(.launch(order))
            try agent.wait(within: .seconds(3)) { report in report == .fenced(epoch: 1) }
            #expect(harness.isRunning)
        }
    }

    static func drain(_ agent: Agent, _ name: RunName) -> Int {
        var total = 0
        var buffer = [UInt8](repeating: 0, count: 65536)
        while let number = agent.pipe(of: name) {
            let count = read(number, &buffer, buffer.count)
            guard count > 0 else { break }
            total += count
        }
        return total
    }

    @Test(
        "G3: `kill` and `stop` runs are dead soon after the deadline",
        arguments: classes, [DeadlineAction.kill, .stop])
    func killAtDeadline(_ containment: Containment, _ action: DeadlineAction) throws {
        try self.withGuard(containment) { _, agent in
            try agent.begin(hard: .milliseconds(500))
            let start = Clocks.read()
            let order = Orders.shell("a", Self.ticker, onDeadline: action)
            try agent.send(.launch(order))
            let (end, at) = try agent.findTimed { report in
                if case .exited(order.name, let end) = report { end } else { nil }
            }
            #expect(end.cause == .fenced)
            #expect(end.status == .signalled(9, dumpedCore: false))
            let took = at.holderElapsed(since: start)
            #expect(took > .milliseconds(300) && took < .milliseconds(1500))
        }
    }

    @Test("G3: a frozen run is killed at its freeze limit", arguments: classes)
    func freezeLimit(_ containment: Containment) throws {
        try self.withGuard(containment) { _, agent in
            try agent.begin(hard: .milliseconds(300))
            let order = Orders.shell("a", Self.ticker, freezeLimit: .milliseconds(300))
            try agent.send(.launch(order))
            let end = try agent.end(of: order.name)
            #expect(end.cause == .fenced)
            #expect(end.ran > .milliseconds(400))
        }
    }

    @Test("S10: frozen runs die when their epoch is retired", arguments: classes)
    func retireFrozen(_ containment: Containment) throws {
        try self.withGuard(containment) { _, agent in
            try agent.begin(hard: .milliseconds(300))
            let order = Orders.shell("a", Self.ticker)
            try agent.send(.launch(order))
            try agent.wait { report in report == .fenced(epoch: 1) }
            try agent.send(.retire(epoch: 1))
            try agent.wait { report in report == .retired(epoch: 1) }
            #expect(try agent.end(of: order.name, within: .zero).cause == .fenced)
        }
    }

    @Test("the deadlines run though the agent is gone", arguments: classes)
    func agentGone(_ containment: Containment) throws {
        try self.withGuard(containment) { harness, agent in
            try agent.begin(hard: .milliseconds(500))
            let order = Orders.shell("a", Self.ticker, onDeadline: .kill)
            try agent.send(.launch(order))
            let processID = try agent.processID(of: order.name)
            agent.close()
            usleep(1_000_000)
            #expect(!Processes.exists(processID))
            let next = try harness.connect()
            defer { next.close() }
            #expect(try next.hello().isFenced)
            #expect(try next.end(of: order.name).cause == .fenced)
        }
    }

    @Test(
        "G4: a guard that is stopped past its deadline is killed, its children with it",
        arguments: classes)
    func stoppedGuard(_ containment: Containment) throws {
        try self.withGuard(containment) { harness, agent in
            try agent.begin(hard: .milliseconds(700), wakeUpDelay: .milliseconds(200))
            let order = Orders.shell("a", Self.ticker)
            try agent.send(.launch(order))
            let processID = try agent.processID(of: order.name)
            harness.signal(SIGSTOP)
            usleep(300_000)
            #expect(Processes.exists(processID))
            #expect(agent.connection.guardHasEnded(within: 3000))
            usleep(50_000)
            #expect(!Processes.exists(processID))
        }
    }

    @Test("G4: a guard that fenced in time is not killed by the kernel")
    func timerDisarmed() throws {
        try self.withGuard(Self.classes[0]) { harness, agent in
            try agent.begin(hard: .milliseconds(300), wakeUpDelay: .milliseconds(100))
            let order = Orders.shell("a", Self.ticker)
            try agent.send(.launch(order))
            try agent.wait { report in report == .fenced(epoch: 1) }
            usleep(500_000)
            #expect(harness.isRunning)
            #expect(!agent.connection.guardHasEnded())
        }
    }

    @Test("G2: the guard cuts a lease that is too long")
    func cutLease() throws {
        try self.withGuard(Self.classes[0]) { _, agent in
            var session = Agent.session()
            session.fencingBudget = .milliseconds(400)
            try agent.send(.adopt(session))
            try agent.renew(hard: .seconds(3000))
            let order = Orders.shell("a", Self.ticker)
            try agent.send(.launch(order))
            try agent.wait(within: .seconds(5)) { report in report == .fenced(epoch: 1) }
        }
    }

    @Test("renewals keep a run going through many deadlines", arguments: classes)
    func renewals(_ containment: Containment) throws {
        try self.withGuard(containment) { _, agent in
            try agent.begin(hard: .milliseconds(500))
            let order = Orders.shell("a", Self.ticker)
            try agent.send(.launch(order))
            for sequence in UInt64(2)...20 {
                usleep(100_000)
                try agent.renew(sequence: sequence, hard: .milliseconds(500))
            }
            try agent.wait { report in
                report == .renewed(epoch: 1, sequence: 20, isFenced: false)
            }
            #expect(throws: Agent.Missing.self) {
                try agent.wait(within: .zero) { report in report == .fenced(epoch: 1) }
            }
        }
    }
}
