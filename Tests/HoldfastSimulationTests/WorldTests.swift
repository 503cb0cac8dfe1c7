import HoldfastCore
import HoldfastJobs
import HoldfastNode
import HoldfastSessions
import HoldfastSimulation
import Testing

/// Random worlds, and whether the onlooker would notice.
@Suite struct WorldTests {
    @Test("the same seed gives the same trace")
    func sameSeed() {
        for seed in UInt64(1)...5 {
            var first = World(.random(seed: seed, faultPhase: .seconds(20)))
            var second = World(.random(seed: seed, faultPhase: .seconds(20)))
            first.runToEnd()
            second.runToEnd()
            #expect(first.transcript.hash == second.transcript.hash)
            #expect(first.figures == second.figures)
        }
    }

    @Test("keeping a transcript changes nothing but the transcript")
    func transcript() {
        var settings = WorldSettings.random(seed: 3, faultPhase: .seconds(10))
        var silent = World(settings)
        settings.keepsTranscript = true
        var noted = World(settings)
        silent.runToEnd()
        noted.runToEnd()
        #expect(silent.transcript.hash == noted.transcript.hash)
        #expect(silent.transcript.lines.isEmpty)
        #expect(noted.transcript.lines.count > 100)
    }

    @Test("different seeds give different traces")
    func differentSeeds() {
        var hashes: Set<UInt64> = []
        for seed in UInt64(1)...10 {
            var world = World(.random(seed: seed, faultPhase: .seconds(2)))
            world.run(for: .seconds(5))
            hashes.insert(world.transcript.hash)
        }
        #expect(hashes.count == 10)
    }

    @Test("every promise is kept in random worlds of a minute", arguments: 0..<20)
    func randomWorlds(chunk: UInt64) {
        for seed in (chunk * 10 + 1)...(chunk * 10 + 10) {
            var world = World(.random(seed: seed))
            world.runToEnd()
            #expect(world.violation == nil, "holdfast-simulate --seed \(seed)")
        }
    }

    @Test("a message that is repeated or late is no second message", arguments: 1...5)
    func repetition(seed: UInt64) {
        var settings = WorldSettings.calm(seed: seed, hostCount: 4, keyCount: 2)
        settings.faultPhase = .seconds(60)
        settings.plan.repetition = 0.8
        settings.plan.lateness = 0.1
        settings.plan.requests = 8
        settings.plan.agentCrashes = 2
        settings.plan.restartDelay = .seconds(1)
        var world = World(settings)
        world.runToEnd()
        #expect(world.violation == nil)
    }

    @Test("timers that break S6 are found out")
    func unsafeTimers() {
        let found = (UInt64(1)...20).contains { seed in
            var settings = WorldSettings.calm(seed: seed, keyCount: 2)
            settings.lease.fence = settings.lease.term * 2
            settings.faultPhase = .seconds(120)
            settings.plan.isolations = 4
            settings.plan.requests = 1
            var world = World(settings)
            world.runToEnd()
            return world.violation?.rule == .onePerKey || world.violation?.rule == .closedIsOver
        }
        #expect(found)
    }

    @Test("clocks that differ by more than the bound are found out")
    func wildClocks() {
        let found = (UInt64(1)...40).contains { seed in
            var settings = WorldSettings.calm(seed: seed, keyCount: 2)
            // The world draws rates within this bound, which is far beyond what S6 allows for.
            settings.lease.clockRateBound = 0.5
            settings.faultPhase = .seconds(240)
            settings.plan.isolations = 4
            settings.plan.requests = 1
            var world = World(settings)
            world.runToEnd()
            return world.violation?.rule == .onePerKey || world.violation?.rule == .closedIsOver
        }
        #expect(found)
    }
}
