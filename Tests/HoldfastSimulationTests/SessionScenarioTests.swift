import HoldfastCore
import HoldfastJobs
import HoldfastNode
import HoldfastSessions
import HoldfastSimulation
import HoldfastWire
import Testing

/// Rows 17 to 22, 28 to 31, 34 to 36 and 48 of the table: what can happen to a session.
@Suite struct SessionScenarioTests {
    @Test("17, 21, 22: a closing at a minority is healed or carried through, and never both")
    func closingAtMinority() throws {
        for seed in UInt64(1)...10 {
            var scenario = Scenario(seed: seed)
            let holder = try scenario.begin()
            let one = scenario.other(than: holder)
            // The others no longer hear the holder; one of them alone takes in the closing.
            scenario.world.intercept = { envelope, from, to in
                if from == holder, envelope.message.isHeartbeat { return .drop }
                return from == one && to != one && envelope.message.isAcceptOfSession
                    ? .drop : .pass
            }
            scenario.world.run(for: .seconds(7))
            scenario.world.intercept = nil
            scenario.conclude()
        }
    }

    @Test("18: a closing that is not yet on disk is obeyed by heartbeats all the same")
    func closingBeingWritten() throws {
        var scenario = Scenario()
        let holder = try scenario.begin()
        scenario.world.isolate(holder, for: .milliseconds(6050))
        scenario.world.run(for: .milliseconds(5900))
        for host in 0..<3 where host != holder {
            scenario.world.stallDisk(host, for: .milliseconds(800))
        }
        scenario.world.run(for: .seconds(3))
        scenario.conclude()
    }

    @Test("19: a voter that restarts right after it acknowledged gives nobody up for T")
    func voterRestarts() throws {
        var scenario = Scenario()
        let holder = try scenario.begin()
        let run = scenario.world.run(executing: scenario.key)
        let voters = (0..<3).filter { $0 != holder }
        for _ in 0..<3 {
            // Over before the deadline: a freeze may take longer than the kernel timer waits.
            scenario.world.isolate(holder, for: .milliseconds(2500))
            for voter in voters {
                scenario.world.killAgent(voter)
                scenario.world.restartAgent(voter, after: .milliseconds(50))
            }
            scenario.world.run(for: .seconds(4))
            #expect(scenario.world.chosenSession(of: holder)?.isOpen == true)
            scenario.world.run(for: .seconds(4))
        }
        #expect(scenario.world.run(executing: scenario.key) == run)
        scenario.conclude()
    }

    @Test("20, 31: all agents restart, and no child does")
    func allAgentsRestart() throws {
        var scenario = Scenario()
        _ = try scenario.begin()
        let run = scenario.world.run(executing: scenario.key)
        for _ in 0..<5 {
            for host in 0..<3 {
                scenario.world.killAgent(host)
                scenario.world.restartAgent(host, after: .milliseconds(200))
            }
            scenario.world.run(for: .seconds(5))
        }
        #expect(scenario.world.run(executing: scenario.key) == run)
        scenario.conclude()
    }

    @Test("28: a link that passes heartbeats and no answers blocks no key for long")
    func oneWayOut() throws {
        var scenario = Scenario()
        let holder = try scenario.begin()
        for host in 0..<3 where host != holder {
            scenario.world.cut(host, holder, for: .seconds(60))
        }
        let key = scenario.key
        let moved = scenario.world.run(within: .seconds(15)) {
            $0.holder(of: key).map { $0 != holder } ?? false
        }
        #expect(moved, "S9: probes arm nothing, so the session ends")
        scenario.conclude()
    }

    @Test("28: a link that passes answers and no heartbeats moves the key")
    func oneWayIn() throws {
        var scenario = Scenario()
        let holder = try scenario.begin()
        for host in 0..<3 where host != holder {
            scenario.world.cut(holder, host, for: .seconds(60))
        }
        let key = scenario.key
        let moved = scenario.world.run(within: .seconds(15)) {
            $0.holder(of: key).map { $0 != holder } ?? false
        }
        #expect(moved)
        scenario.conclude()
    }

    @Test("29: one that alone cannot see the holder does not end it")
    func partialPartition() throws {
        var scenario = Scenario()
        let holder = try scenario.begin()
        let run = scenario.world.run(executing: scenario.key)
        let blind = scenario.other(than: holder)
        scenario.world.cut(holder, blind, for: .seconds(60))
        scenario.world.cut(blind, holder, for: .seconds(60))
        scenario.world.run(for: .seconds(60))
        #expect(scenario.world.run(executing: scenario.key) == run)
        scenario.conclude()
    }

    @Test("30: nothing is launched that was claimed too long ago", arguments: 1...10)
    func slowLaunch(seed: UInt64) throws {
        var scenario = Scenario(seed: seed)
        scenario.world.run(for: .seconds(3))
        scenario.world.request(.change(scenario.key, .declare(Scenario.spec)), on: 0)
        let key = scenario.key
        let isClaimed = scenario.world.run(within: .seconds(5)) {
            $0.chosen(key)?.holder != nil
        }
        #expect(isClaimed)
        // Whoever claimed it hears nothing more, and its guard wakes when all is over.
        for host in 0..<3 {
            scenario.world.stopGuard(host, for: .milliseconds(4190))
            scenario.world.hangAgent(host, for: .milliseconds(Int64(seed) * 900))
        }
        scenario.world.run(for: .seconds(12))
        scenario.conclude()
        #expect(scenario.world.holder(of: scenario.key) != nil)
    }

    @Test("31: an agent that hangs past the deadline finds its children paused or moved")
    func agentHangs() throws {
        for length in [2, 5, 8, 30] {
            var scenario = Scenario()
            let holder = try scenario.begin()
            scenario.world.hangAgent(holder, for: .seconds(length))
            scenario.world.run(for: .seconds(length + 5))
            scenario.conclude()
            #expect(scenario.world.holder(of: scenario.key) != nil)
        }
    }

    @Test("32: a guard that is stopped past the deadline is killed by the timer behind it")
    func guardStops() throws {
        var scenario = Scenario()
        let holder = try scenario.begin()
        scenario.world.stopGuard(holder, for: .seconds(30))
        let key = scenario.key
        let moved = scenario.world.run(within: .seconds(15)) {
            $0.holder(of: key).map { $0 != holder } ?? false
        }
        #expect(moved)
        #expect(scenario.world.figures.guardsKilledByTimer == 1)
        scenario.conclude()
    }

    @Test("34: a key is given back only when nothing of its tree is left", arguments: 1...5)
    func lingeringTrees(seed: UInt64) {
        var settings = WorldSettings.calm(seed: seed, keyCount: 3)
        settings.faultPhase = .seconds(60)
        settings.plan.stubbornness = 1
        settings.plan.shortLives = 1
        settings.plan.life = .seconds(1)
        settings.plan.requests = 3
        settings.plan.isolations = 2
        var world = World(settings)
        world.runToEnd()
        #expect(world.violation == nil)
    }

    @Test("35: no session is opened while a child of the one before still dies", arguments: 1...10)
    func slowDeath(seed: UInt64) throws {
        var scenario = Scenario(seed: seed)
        var spec = Scenario.spec
        spec.onQuorumLoss = .kill
        let holder = try scenario.begin(spec)
        scenario.world.isolate(holder, for: .milliseconds(6100 + Int64(seed) * 50))
        scenario.world.run(for: .seconds(12))
        scenario.conclude()
    }

    @Test("36: a heartbeat that was under way when the host left comes to nothing")
    func lateHeartbeat() throws {
        var scenario = Scenario()
        let holder = try scenario.begin()
        scenario.world.intercept = { envelope, from, _ in
            from == holder && envelope.message.isHeartbeat ? .hold(.milliseconds(2500)) : .pass
        }
        scenario.world.run(for: .seconds(2))
        scenario.world.terminateGuard(holder)
        let key = scenario.key
        let moved = scenario.world.run(within: .seconds(4)) {
            $0.holder(of: key).map { $0 != holder } ?? false
        }
        #expect(moved, "an orderly end frees the key without waiting for T")
        scenario.world.run(for: .seconds(5))
        scenario.world.intercept = nil
        scenario.conclude()
    }

    @Test("48: without a quorum for an hour everything pauses, and comes back", arguments: 1...4)
    func longOutage(seed: UInt64) throws {
        var scenario = Scenario(seed: seed)
        let holder = try scenario.begin()
        for host in 0..<3 where host != holder { scenario.world.cutPower(host) }
        scenario.world.run(for: .seconds(6))
        #expect(scenario.world.hosts(executing: scenario.key).isEmpty)
        scenario.world.run(for: .seconds(3600))
        #expect(scenario.world.hosts(executing: scenario.key).isEmpty)
        for (index, host) in (0..<3).filter({ $0 != holder }).enumerated() {
            let delay = Duration.seconds(index * Int(seed))
            scenario.world.restartGuard(host, after: delay)
            scenario.world.restartAgent(host, after: delay)
        }
        scenario.world.run(for: .seconds(20))
        scenario.conclude()
        #expect(scenario.world.holder(of: scenario.key) != nil)
    }
}
