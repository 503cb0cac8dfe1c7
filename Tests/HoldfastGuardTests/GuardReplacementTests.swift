import Foundation
import HoldfastCore
import HoldfastGuardCore
import HoldfastLinux
import Testing

/// SIGHUP: another image of the program takes over in the same process (G7).
@Suite("The guard replaces itself", .serialized)
struct GuardReplacementTests {
    static var classes: [Containment] { GuardProcessTests.classes }

    /// Counts up, a line for each number.
    static let counter = "i=0; while :; do i=$((i+1)); echo $i; sleep 0.002; done"

    func withGuard(
        _ containment: Containment, _ body: (GuardHarness, Agent) throws -> Void
    ) throws {
        try GuardProcessTests().withGuard(containment, [], body)
    }

    @Test("process, children, session, tokens, exits and output stay", arguments: classes)
    func everythingStays(_ containment: Containment) throws {
        try self.withGuard(containment) { harness, first in
            try first.begin()
            let lasting = Orders.shell("lasting", Self.counter)
            let brief = Orders.shell("brief", "echo last words; exit 42")
            let burned = Orders.shell("burned", token: 7, "exit 0")
            for order in [lasting, brief] { try first.send(.launch(order)) }
            try first.send(.burn(burned.name))
            let processID = try first.processID(of: lasting.name)
            _ = try first.end(of: brief.name)
            try first.wait { report in report == .burned(burned.name) }
            let before = try first.output(of: lasting.name, until: "\n20\n")
            let incarnation = try first.hello().incarnation
            try harness.replace()
            #expect(first.isClosed())
            #expect(!first.connection.guardHasEnded())
            let second = try harness.connect()
            defer { second.close() }
            let hello = try second.hello()
            #expect(hello.agentNumber == 2)
            #expect(hello.incarnation == incarnation)
            #expect(hello.containment == containment)
            #expect(hello.session == Agent.session())
            #expect(!hello.isFenced)
            #expect(hello.runs == [LiveRun(name: lasting.name, processID: processID)])
            #expect(Processes.parent(of: processID) == harness.processID)
            #expect(try second.end(of: brief.name).status == .exited(code: 42))
            #expect(try second.output(of: brief.name, until: "words\n") == "last words\n")
            try second.send(.launch(burned))
            try second.wait { report in report == .refused(burned.name, .staleToken) }
            try second.renew(sequence: 2)
            try self.expectNothingLost(before, second, lasting.name)
            try self.expectService(second, lasting.name)
            harness.signal(SIGTERM)
            try second.wait { report in report == .ending }
            try second.send(.settle(brief.name))
            _ = try second.end(of: lasting.name)
            try second.send(.settle(lasting.name))
            #expect(harness.waitForEnd() == 0)
            let own = ControlGroupPlace.find() ?? "/nonexistent"
            #expect(!FileManager.default.fileExists(atPath: "\(own)/\(harness.name)"))
        }
    }

    /// Every number arrives, once and in order, through whichever image.
    private func expectNothingLost(
        _ before: String, _ agent: Agent, _ name: RunName
    ) throws {
        _ = try agent.processID(of: name)
        var text = before
        for _ in 0..<20 {
            text += try agent.output(of: name, until: "\n")
            usleep(2000)
        }
        let numbers = text.split(separator: "\n").dropLast().map { line in Int(line) }
        #expect(numbers == (1...max(1, numbers.count)).map { number in number })
    }

    /// Launches and stops as before.
    private func expectService(_ agent: Agent, _ lasting: RunName) throws {
        let next = Orders.shell("next", "ulimit -n; exit 9")
        try agent.send(.launch(next))
        #expect(try agent.end(of: next.name).status == .exited(code: 9))
        // What the guard raised for itself is not for its children, after an exec neither.
        var limit = rlimit()
        getrlimit(__rlimit_resource_t(RLIMIT_NOFILE.rawValue), &limit)
        #expect(try agent.output(of: next.name, until: "\n") == "\(limit.rlim_cur)\n")
        try agent.send(.settle(next.name))
    }

    /// Goal: no end is lost or invented while one image follows another.
    ///
    /// Method: children that end at random moments around the exec.
    @Test("an end in between is reported once, with its true status", arguments: classes)
    func endsInBetween(_ containment: Containment) throws {
        try self.withGuard(containment) { harness, first in
            try first.begin(hard: .seconds(50))
            first.close()
            for index in 1...50 {
                let agent = try harness.connect()
                let code = UInt8(index)
                let milliseconds = Int.random(in: 0...40)
                let seconds = Double(milliseconds) / 1000
                let order = Orders.shell("job-\(index)", "sleep \(seconds); exit \(code)")
                try agent.renew(sequence: UInt64(index), hard: .seconds(50))
                try agent.send(.launch(order))
                _ = try agent.processID(of: order.name)
                usleep(UInt32.random(in: 0...30_000))
                try harness.replace()
                let next = try harness.connect()
                #expect(try next.end(of: order.name).status == .exited(code: code))
                #expect(try next.end(of: order.name).cause == .itself)
                try next.send(.settle(order.name))
                try next.renew(sequence: UInt64(index), hard: .seconds(50))
                try next.wait { report in
                    report == .renewed(epoch: 1, sequence: UInt64(index), isFenced: false)
                }
                let count = next.count { report in
                    if case .exited = report { true } else { false }
                }
                #expect(count == 1)
                next.close()
            }
            let last = try harness.connect()
            defer { last.close() }
            #expect(try last.hello().runs.isEmpty)
        }
    }

    @Test("a hundred times under load: the same children, not one descriptor more")
    func hundredTimes() throws {
        try self.withGuard(Self.classes[0]) { harness, first in
            try first.begin(hard: .seconds(55))
            let lasting = (0..<20).map { index in Orders.shell("lasting-\(index)", Self.counter) }
            for order in lasting { try first.send(.launch(order)) }
            let live = try lasting.map { order in
                LiveRun(name: order.name, processID: try first.processID(of: order.name))
            }.sorted { left, right in left.name < right.name }
            // The streams, and what the test's own process left open for its children.
            let foreign = Processes.descriptors(of: harness.processID)
                .filter { number, isClosed in !isClosed }
            first.close()
            try harness.replace()
            let before = Processes.descriptors(of: harness.processID)
            for round in 1...100 {
                let agent = try harness.connect()
                try agent.renew(sequence: UInt64(round), hard: .seconds(55))
                let order = Orders.shell("brief", token: Token(round), "exit 0")
                try agent.send(.launch(order))
                if round.isMultiple(of: 3) { _ = try agent.end(of: order.name) }
                try harness.replace()
                agent.close()
            }
            let last = try harness.connect()
            defer { last.close() }
            #expect(try last.hello().runs.filter { run in run.name.key != "brief" } == live)
            for round in 1...100 {
                last.settleWhenEnded(RunName(key: "brief", token: Token(round)))
            }
            // A launch that the exec overtook never was: the agent would have asked again.
            last.close()
            usleep(100_000)
            let after = Processes.descriptors(of: harness.processID)
            #expect(after.count == before.count)
            let open = after.filter { number, isClosed in !isClosed }
            #expect(open == foreign)
        }
    }

    @Test(
        "an ordinary user's guard replaces itself, too",
        .enabled(if: GuardHarness.isRoot, "as another user this is what all tests are"))
    func ordinaryUser() throws {
        let harness = try GuardHarness(user: 65534, directory: GuardHarness.makeDirectory())
        defer { harness.end() }
        do {
            let first = try harness.connect()
            defer { first.close() }
            try first.begin()
            let order = Orders.shell("a", Self.counter, user: 65534)
            try first.send(.launch(order))
            let processID = try first.processID(of: order.name)
            try harness.replace()
            let second = try harness.connect()
            defer { second.close() }
            #expect(
                try second.hello().runs == [LiveRun(name: order.name, processID: processID)])
            let other = Orders.shell("b", "exit 0", user: 0)
            try second.send(.launch(other))
            try second.wait { report in report == .refused(other.name, .userNotAllowed) }
        } catch {
            Issue.record("\(error)\n\(harness.log)")
        }
    }

    // MARK: - Deadlines

    @Test(
        "G3: the deadline is kept by the image that follows, right after the exec too",
        arguments: classes, [400, 130, 60])
    func deadline(_ containment: Containment, _ remaining: Int) throws {
        try self.withGuard(containment) { harness, first in
            let order = Orders.shell("a", GuardFencingTests.ticker)
            let (_, start) = try GuardFencingTests.launch(
                order, by: first, hard: .milliseconds(700))
            try first.wait { report in
                report == .renewed(epoch: 1, sequence: 2, isFenced: false)
            }
            let passed = Clocks.read().holderElapsed(since: start)
            let wait = Duration.milliseconds(700 - remaining) - passed
            usleep(UInt32(max(0, wait.wholeNanoseconds / 1000)))
            try harness.replace()
            let second = try harness.connect()
            defer { second.close() }
            if try !second.hello().isFenced {
                try second.wait { report in report == .fenced(epoch: 1) }
            }
            let took = Clocks.read().holderElapsed(since: start)
            #expect(took > .milliseconds(690) && took < .seconds(4))
            _ = try second.processID(of: order.name)
            _ = GuardFencingTests.drain(second, order.name)
            usleep(100_000)
            #expect(GuardFencingTests.drain(second, order.name) == 0)
            try second.renew(sequence: 3)
            _ = try second.output(of: order.name, until: "t\nt\n")
        }
    }

    @Test("G4: the new image's kernel timer stands where the old one's did", arguments: classes)
    func kernelTimer(_ containment: Containment) throws {
        try self.withGuard(containment) { harness, agent in
            let order = Orders.shell("a", GuardFencingTests.ticker)
            let (processID, start) = try GuardFencingTests.launch(
                order, by: agent, hard: .milliseconds(1500), wakeUpDelay: .milliseconds(200))
            try agent.wait { report in
                report == .renewed(epoch: 1, sequence: 2, isFenced: false)
            }
            try harness.replace()
            // Nothing stands in any more, and the process is stopped.
            #expect(!harness.hasStandIn)
            harness.signal(SIGSTOP)
            try #require(agent.connection.guardHasEnded(within: 8000))
            #expect(Clocks.read().holderElapsed(since: start) > .milliseconds(1590))
            #expect(harness.waitForEnd() == SIGKILL)
            #expect(Processes.isGone(processID))
        }
    }

    /// Programs that never get as far as arming their timer, and the signal that ends each.
    static let stuck: [(String, [Int32])] = [
        // Stopped: no signal but SIGKILL ends it.
        ("#!/bin/sh\nkill -STOP $$\n", [SIGKILL]),
        ("#!/bin/sh\nexec sleep 100\n", [SIGKILL, SIGALRM]),
        // Whoever stands in is gone: the alarm is left.
        (
            """
            #!/bin/sh
            ps -o pid=,comm= --ppid $$ | while read pid name; do
                if [ "$name" = hf-stand-in ]; then kill -9 $pid; fi
            done
            exec sleep 100

            """, [SIGALRM]
        ),
    ]

    @Test(
        "G4: an image that hangs before it arms its timer is ended, its children with it",
        arguments: stuck, classes)
    func hangingImage(_ stuck: (script: String, signals: [Int32]), _ containment: Containment)
        throws
    {
        try self.withCopy(containment) { harness, agent, program in
            let order = Orders.shell("a", GuardFencingTests.ticker)
            let (processID, start) = try GuardFencingTests.launch(
                order, by: agent, hard: .seconds(1), wakeUpDelay: .milliseconds(200))
            try agent.wait { report in
                report == .renewed(epoch: 1, sequence: 2, isFenced: false)
            }
            try Self.replaceFile(program, by: stuck.script)
            harness.signal(SIGHUP)
            #expect(agent.isClosed())
            #expect(Processes.exists(processID))
            try #require(agent.connection.guardHasEnded(within: 8000))
            #expect(Clocks.read().holderElapsed(since: start) > .milliseconds(1090))
            #expect(stuck.signals.contains(harness.waitForEnd()))
            #expect(Processes.isGone(processID))
        }
    }

    // MARK: - Failures

    /// What stands at the program's path, and how it cannot be executed.
    static let noPrograms: [(String, @Sendable (String) throws -> Void)] = [
        ("missing", { path in try FileManager.default.removeItem(atPath: path) }),
        ("not executable", { path in #expect(chmod(path, 0o644) == 0) }),
        (
            "a directory",
            { path in
                try FileManager.default.removeItem(atPath: path)
                try FileManager.default.createDirectory(
                    atPath: path, withIntermediateDirectories: false)
            }
        ),
        ("no program", { path in try Self.replaceFile(path, by: "\u{7F}ELF and no more") }),
    ]

    @Test("without a program to execute it goes on as before", arguments: 0..<noPrograms.count)
    func noProgram(_ index: Int) throws {
        try self.withCopy(Self.classes[0]) { harness, agent, program in
            let order = Orders.shell("a", GuardFencingTests.ticker)
            let (processID, start) = try GuardFencingTests.launch(
                order, by: agent, hard: .milliseconds(1500), wakeUpDelay: .seconds(2))
            try Self.noPrograms[index].1(program)
            let before = Processes.descriptors(of: harness.processID)
            harness.signal(SIGHUP)
            try harness.wait(forLog: "not replaced")
            #expect(!agent.isClosed(within: .milliseconds(50)))
            #expect(Processes.exists(processID))
            #expect(!harness.hasStandIn)
            #expect(Processes.descriptors(of: harness.processID) == before)
            // Neither alarm nor stand-in is left, and the deadline is.
            try agent.wait { report in report == .fenced(epoch: 1) }
            #expect(Clocks.read().holderElapsed(since: start) > .milliseconds(1490))
            usleep(1_200_000)
            #expect(harness.isRunning)
        }
    }

    /// Perl programs that spoil the state and hand it to the real program, and a word of its answer.
    static let spoilers = [
        ("substr($state, 4, 4) = pack('V', 99);", "it has the version 99"),
        ("$state = substr($state, 0, length($state) - 1);", "it ends too early"),
        ("$state .= 'x';", "it goes on behind its end"),
        ("$state = '';", "it ends too early"),
        ("$state = 'x' x 1000;", "it is not the state of a guard"),
    ]

    @Test(
        "a state that cannot be read ends every run, and says why",
        .enabled(if: access("/usr/bin/perl", X_OK) == 0, "needs perl"),
        arguments: spoilers, classes)
    func brokenState(_ spoiler: (code: String, word: String), _ containment: Containment) throws {
        try self.withCopy(containment) { harness, agent, program in
            try agent.begin()
            let mark = "7\(UInt32.random(in: 100_000...999_999))"
            let order = Orders.shell(
                "a", "trap '' TERM; (setsid sleep \(mark) &); echo on; sleep \(mark)")
            try agent.send(.launch(order))
            _ = try agent.output(of: order.name, until: "on")
            usleep(50_000)
            try Self.replaceFile(program, by: Self.perl(spoiler.code))
            harness.signal(SIGHUP)
            try #require(agent.connection.guardHasEnded(within: 20_000))
            #expect(harness.waitForEnd() == ExitStatusCode.badData.rawValue)
            #expect(Processes.matching(mark).isEmpty)
            #expect(harness.log.contains(spoiler.word))
            #expect(harness.log.contains("every run was killed"))
        }
    }

    @Test("started by hand as if to take over, it refuses and touches nothing")
    func byHand() throws {
        try self.withGuard(Self.classes[0]) { harness, agent in
            try agent.begin()
            let order = Orders.shell("a", "sleep 100")
            try agent.send(.launch(order))
            let processID = try agent.processID(of: order.name)
            for (value, status) in [
                ("2", ExitStatusCode.usage), ("x", .usage), ("77", .system),
            ] {
                let other = try GuardHarness(
                    ["--resume=\(value)"], directory: harness.directory, name: harness.name)
                #expect(other.waitForEnd() == status.rawValue)
            }
            #expect(Processes.exists(processID))
            #expect(!agent.isClosed(within: .zero))
        }
    }

    // MARK: - Tools

    /// With a guard that was started from a file of its own.
    private func withCopy(
        _ containment: Containment, _ body: (GuardHarness, Agent, String) throws -> Void
    ) throws {
        let directory = try GuardHarness.makeDirectory()
        let program = "\(directory)/holdfast-guard"
        try FileManager.default.copyItem(atPath: GuardHarness.executable, toPath: program)
        let harness = try GuardHarness(
            ["--contain", containment.description], directory: directory, executable: program)
        defer { harness.end() }
        do {
            let agent = try harness.connect()
            defer { agent.close() }
            try body(harness, agent, program)
        } catch {
            Issue.record("\(error)\n\(harness.log)")
        }
    }

    /// By another file of that name, as an upgrade does.
    static func replaceFile(_ path: String, by text: String) throws {
        let other = path + ".new"
        try Data(text.utf8).write(to: URL(fileURLWithPath: other))
        #expect(chmod(other, 0o755) == 0)
        #expect(rename(other, path) == 0)
    }

    /// Reads the state, spoils it by `code`, seals it again and executes the real program.
    static func perl(_ code: String) -> String {
        """
        #!/usr/bin/perl
        use strict;
        my ($call) = `uname -m` =~ /x86_64/ ? 319 : 279;
        my ($number) = pop(@ARGV) =~ /^--resume=(\\d+)$/ or die;
        open(my $in, '<&=', $number) or die;
        sysseek($in, 0, 0);
        my $state = '';
        while (sysread($in, my $part, 65536)) { $state .= $part }
        \(code)
        my $name = "spoiled";
        my $memory = syscall($call, $name, 2);
        open(my $out, '+<&=', $memory) or die;
        syswrite($out, $state);
        fcntl($out, 1033, 15) or die;
        fcntl($out, 2, 0) or die;
        exec('\(GuardHarness.executable)', @ARGV, "--resume=$memory");

        """
    }
}
