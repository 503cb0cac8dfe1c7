import HoldfastCore
import HoldfastJobs
import HoldfastNode
import HoldfastSimulation
import HoldfastWire
import Testing

/// What the simulator found in the cores, as schedules that go straight to it where one is known.
@Suite struct FoundTests {
    /// A seed stands for another world whenever the simulator draws differently: these are kept
    /// because they are cheap, the schedules below because they last.
    @Test(
        "seeds that once broke a promise keep it",
        arguments: [105, 141, 172, 210, 312, 334, 1739, 6481, 10203, 10714])
    func seeds(seed: UInt64) {
        var world = World(.random(seed: seed))
        world.runToEnd()
        #expect(world.violation == nil, "holdfast-simulate --seed \(seed)")
    }

    @Test("a run that was to stop before it was launched is stopped after it", arguments: 1...20)
    func stopBeforeLaunch(seed: UInt64) {
        // Alone, and with a fast disk: a change is chosen sooner than a launch is prepared.
        var scenario = Scenario(seed: seed, hosts: 1)
        scenario.world.plan.syncDelay = .microseconds(100)
        scenario.world.run(for: .seconds(3))
        let key = scenario.key
        scenario.world.request(.change(key, .declare(Scenario.spec)), on: 0)
        let isClaimed = scenario.world.run(within: .seconds(5)) { $0.chosen(key)?.holder != nil }
        #expect(isClaimed)
        scenario.world.request(.change(key, .restart), on: 0)
        scenario.conclude()
        #expect(scenario.world.chosen(key)?.job?.generation ?? 0 > 1)
    }

    @Test("two hosts that lost each other find each other again", arguments: 1...10)
    func twoHosts(seed: UInt64) {
        var settings = WorldSettings.calm(seed: seed, hostCount: 2, keyCount: 2)
        settings.lease = .defaults(term: .seconds(2))
        settings.faultPhase = .seconds(120)
        settings.plan.isolations = 4
        settings.plan.oneWayCuts = 8
        settings.plan.loss = 0.3
        settings.plan.cutLength = .seconds(5)
        settings.plan.requests = 0.5
        var world = World(settings)
        world.runToEnd()
        #expect(world.violation == nil)
    }

    @Test("a host whose guard dies without a quorum comes back with one", arguments: 1...5)
    func guardDiesAlone(seed: UInt64) throws {
        var scenario = Scenario(seed: seed)
        let holder = try scenario.begin()
        scenario.world.isolate(holder, for: .seconds(5))
        scenario.world.run(for: .milliseconds(Int64(seed) * 500))
        scenario.world.killGuard(holder)
        scenario.world.restartGuard(holder, after: .milliseconds(100))
        scenario.world.run(for: .seconds(20))
        scenario.conclude()
        #expect(scenario.world.chosenSession(of: holder)?.isOpen == true)
    }

    @Test("a host that lost its session opens the next and keeps it", arguments: 1...5)
    func sessionAfterSession(seed: UInt64) throws {
        var scenario = Scenario(seed: seed)
        let holder = try scenario.begin()
        // With no run under it no timer stands behind the guard: it may stop for long.
        let idle = scenario.other(than: holder)
        scenario.world.isolate(idle, for: .milliseconds(6500))
        scenario.world.run(for: .milliseconds(3000 + Int64(seed) * 300))
        scenario.world.stopGuard(idle, for: .seconds(6))
        scenario.world.run(for: .seconds(20))
        let before = scenario.world.chosenSession(of: idle)
        scenario.world.run(for: .seconds(30))
        #expect(scenario.world.chosenSession(of: idle) == before)
        #expect(before?.isOpen == true)
        scenario.conclude()
    }

    @Test("answers to an earlier process of a host count for nothing", arguments: 1...10)
    func answersToTheDead(seed: UInt64) {
        var settings = WorldSettings.calm(seed: seed, keyCount: 3)
        settings.faultPhase = .seconds(60)
        settings.plan.lateness = 0.3
        settings.plan.longDelay = .seconds(5)
        settings.plan.agentCrashes = 15
        settings.plan.restartDelay = .milliseconds(100)
        settings.plan.requests = 6
        var world = World(settings)
        world.runToEnd()
        #expect(world.violation == nil)
    }
}
