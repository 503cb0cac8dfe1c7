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

    /// Launches under a long lease, then shortens that: what follows does not depend on how long
    /// the launch took.
    static func launch(
        _ order: LaunchOrder, by agent: Agent, hard: Duration,
        wakeUpDelay: Duration = .seconds(10)
    ) throws -> (processID: Int32, start: Moment) {
        try agent.begin(wakeUpDelay: wakeUpDelay)
        try agent.send(.launch(order))
        let processID = try agent.processID(of: order.name)
        let start = Clocks.read()
        try agent.renew(sequence: 2, hard: hard)
        return (processID, start)
    }

    @Test(
        "G3: without renewal a run is frozen at the deadline, and thawed by the next lease",
        arguments: classes)
    func freezeAndThaw(_ containment: Containment) throws {
        try self.withGuard(containment) { _, agent in
            let order = Orders.shell("a", Self.ticker)
            let (_, start) = try Self.launch(order, by: agent, hard: .milliseconds(400))
            let (_, at) = try agent.findTimed { report in
                report == .fenced(epoch: 1) ? true : nil
            }
            let took = at.holderElapsed(since: start)
            #expect(took > .milliseconds(390) && took < .seconds(4))
            // What it wrote before is drained; then nothing more comes.
            _ = Self.drain(agent, order.name)
            usleep(200_000)
            #expect(Self.drain(agent, order.name) == 0)
            let late = Orders.shell("late", "exit 0")
            try agent.send(.launch(late))
            try agent.wait { report in report == .refused(late.name, .fenced) }
            try agent.renew(sequence: 3)
            try agent.wait { report in
                report == .renewed(epoch: 1, sequence: 3, isFenced: false)
            }
            _ = try agent.output(of: order.name, until: "t\nt\n")
        }
    }

    @Test(
        "G3: a run that makes processes all the time is frozen like any other",
        arguments: classes)
    func freezeForker(_ containment: Containment) throws {
        try self.withGuard(containment) { harness, agent in
            let order = Orders.shell(
                "a", "f() { while :; do /bin/true; done; }; f & f & f & f & f & f")
            _ = try Self.launch(
                order, by: agent, hard: .milliseconds(400), wakeUpDelay: .seconds(16))
            try agent.wait(within: .seconds(7)) { report in report == .fenced(epoch: 1) }
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
            let order = Orders.shell("a", Self.ticker, onDeadline: action)
            let (_, start) = try Self.launch(order, by: agent, hard: .milliseconds(400))
            let (end, at) = try agent.findTimed { report in
                if case .exited(order.name, let end) = report { end } else { nil }
            }
            #expect(end.cause == .fenced)
            #expect(end.status == .signalled(9, dumpedCore: false))
            let took = at.holderElapsed(since: start)
            #expect(took > .milliseconds(390) && took < .seconds(4))
        }
    }

    @Test("G3: a frozen run is killed at its freeze limit", arguments: classes)
    func freezeLimit(_ containment: Containment) throws {
        try self.withGuard(containment) { _, agent in
            let order = Orders.shell("a", Self.ticker, freezeLimit: .milliseconds(300))
            let (_, start) = try Self.launch(order, by: agent, hard: .milliseconds(300))
            let (end, at) = try agent.findTimed { report in
                if case .exited(order.name, let end) = report { end } else { nil }
            }
            #expect(end.cause == .fenced)
            #expect(at.holderElapsed(since: start) > .milliseconds(590))
        }
    }

    @Test("S10: frozen runs die when their epoch is retired", arguments: classes)
    func retireFrozen(_ containment: Containment) throws {
        try self.withGuard(containment) { _, agent in
            let order = Orders.shell("a", Self.ticker)
            _ = try Self.launch(order, by: agent, hard: .milliseconds(200))
            try agent.wait { report in report == .fenced(epoch: 1) }
            try agent.send(.retire(epoch: 1))
            try agent.wait { report in report == .retired(epoch: 1) }
            #expect(try agent.end(of: order.name, within: .zero).cause == .fenced)
        }
    }

    @Test("the deadlines run though the agent is gone", arguments: classes)
    func agentGone(_ containment: Containment) throws {
        try self.withGuard(containment) { harness, agent in
            let order = Orders.shell("a", Self.ticker, onDeadline: .kill)
            let (processID, _) = try Self.launch(order, by: agent, hard: .milliseconds(500))
            try agent.wait { report in
                report == .renewed(epoch: 1, sequence: 2, isFenced: false)
            }
            agent.close()
            #expect(Processes.exists(processID))
            #expect(Processes.isGone(processID))
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
            let order = Orders.shell("a", Self.ticker)
            let (processID, start) = try Self.launch(
                order, by: agent, hard: .seconds(1), wakeUpDelay: .milliseconds(200))
            try agent.wait { report in
                report == .renewed(epoch: 1, sequence: 2, isFenced: false)
            }
            harness.signal(SIGSTOP)
            #expect(Processes.exists(processID))
            #expect(agent.connection.guardHasEnded(within: 5000))
            #expect(Clocks.read().holderElapsed(since: start) > .milliseconds(1090))
            #expect(Processes.isGone(processID))
        }
    }

    @Test("G4: a guard that fenced in time is not killed by the kernel")
    func timerDisarmed() throws {
        try self.withGuard(Self.classes[0]) { harness, agent in
            let order = Orders.shell("a", Self.ticker)
            _ = try Self.launch(
                order, by: agent, hard: .milliseconds(300), wakeUpDelay: .seconds(2))
            try agent.wait { report in report == .fenced(epoch: 1) }
            usleep(1_300_000)
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
            try agent.wait(within: .seconds(5)) { report in report == .fenced(epoch: 1) }
        }
    }

    @Test("renewals keep a run going through many deadlines", arguments: classes)
    func renewals(_ containment: Containment) throws {
        try self.withGuard(containment) { _, agent in
            let order = Orders.shell("a", Self.ticker)
            _ = try Self.launch(order, by: agent, hard: .milliseconds(1500))
            for sequence in UInt64(3)...12 {
                usleep(200_000)
                try agent.renew(sequence: sequence, hard: .milliseconds(1500))
            }
            try agent.wait { report in
                report == .renewed(epoch: 1, sequence: 12, isFenced: false)
            }
            #expect(throws: Agent.Missing.self) {
                try agent.wait(within: .zero) { report in report == .fenced(epoch: 1) }
            }
        }
    }
}
