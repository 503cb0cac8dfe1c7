import HoldfastCore
import HoldfastJobs
import HoldfastNode
import HoldfastSimulation
import HoldfastWire
import Testing

/// Rows 1 to 12 of the table: what can happen to one register.
@Suite struct RegisterScenarioTests {
    @Test(
        "1: all hosts want one key in the same instant, and one of them runs it", arguments: 1...20)
    func everybodyAtOnce(seed: UInt64) throws {
        var scenario = Scenario(seed: seed, hosts: 5)
        scenario.world.plan.repetition = 0.3
        _ = try scenario.begin()
        for _ in 0..<10 {
            for host in 0..<5 {
                scenario.world.request(.change(scenario.key, .restart), on: host)
                scenario.world.request(.change(scenario.key, .start), on: host)
            }
            scenario.world.run(for: .milliseconds(700))
        }
        scenario.conclude()
    }

    @Test("2: an accept that reached one acceptor is not contradicted by the retry")
    func acceptAtOne() throws {
        var scenario = Scenario()
        let holder = try scenario.begin()
        let other = scenario.other(than: holder)
        scenario.world.intercept = { envelope, from, to in
            from == holder && to != other && envelope.message.isAcceptOfKey ? .drop : .pass
        }
        scenario.world.request(.change(scenario.key, .restart), on: holder)
        scenario.world.run(for: .milliseconds(450))
        scenario.world.request(
            .change(scenario.key, .stop), on: scenario.other(than: holder, other))
        scenario.world.run(for: .seconds(3))
        scenario.world.intercept = nil
        scenario.conclude()
    }

    @Test("3: a proposer that dies between its phases is followed by one that counts higher")
    func diesBetweenPhases() throws {
        var scenario = Scenario()
        let holder = try scenario.begin()
        scenario.world.intercept = { envelope, from, _ in
            from == holder && envelope.message.isAcceptOfKey ? .drop : .pass
        }
        scenario.world.request(.change(scenario.key, .restart), on: holder)
        scenario.world.run(for: .milliseconds(20))
        scenario.world.killAgent(holder)
        scenario.world.intercept = nil
        scenario.world.restartAgent(holder, after: .milliseconds(100))
        scenario.conclude()
    }

    @Test("4: an accept of five minutes ago changes nothing")
    func veryOldAccept() throws {
        var scenario = Scenario()
        let holder = try scenario.begin()
        let late = scenario.other(than: holder)
        scenario.world.intercept = { envelope, from, to in
            from == holder && to == late && envelope.message.isAcceptOfKey
                ? .hold(.seconds(300)) : .pass
        }
        for _ in 0..<5 {
            scenario.world.request(.change(scenario.key, .restart), on: holder)
            scenario.world.run(for: .seconds(2))
        }
        scenario.world.intercept = nil
        for host in 0..<3 {
            scenario.world.request(.change(scenario.key, .restart), on: host)
            scenario.world.run(for: .seconds(2))
        }
        scenario.world.run(for: .seconds(310))
        scenario.conclude()
    }

    @Test("5: reads around a write that a minority accepted never go back")
    func readsAroundMinority() throws {
        var scenario = Scenario()
        let holder = try scenario.begin()
        let one = scenario.other(than: holder)
        scenario.world.intercept = { envelope, from, to in
            from == holder && to != one && envelope.message.isAcceptOfKey ? .drop : .pass
        }
        scenario.world.stallDisk(holder, for: .milliseconds(900))
        scenario.world.request(.change(scenario.key, .restart), on: holder)
        for _ in 0..<20 {
            for host in 0..<3 where host != holder {
                scenario.world.request(.read(scenario.key), on: host)
            }
            scenario.world.run(for: .milliseconds(50))
        }
        scenario.world.intercept = nil
        scenario.conclude()
    }

    @Test("7, 8: a claim whose answers are lost is launched once or given back")
    func claimAnswersLost() throws {
        for seed in UInt64(1)...10 {
            var scenario = Scenario(seed: seed)
            scenario.world.run(for: .seconds(3))
            scenario.world.intercept = { envelope, _, _ in
                envelope.message.isAccepted ? .hold(.seconds(3)) : .pass
            }
            scenario.world.request(.change(scenario.key, .declare(Scenario.spec)), on: 0)
            scenario.world.run(for: .seconds(6))
            scenario.world.intercept = nil
            scenario.conclude()
            #expect(scenario.world.holder(of: scenario.key) != nil)
        }
    }

    @Test("9: a vacancy whose answer is lost does not end the next holding")
    func vacancyAnswerLost() throws {
        var scenario = Scenario()
        _ = try scenario.begin()
        for _ in 0..<5 {
            scenario.world.intercept = { envelope, _, _ in
                envelope.message.isAccepted ? .hold(.milliseconds(700)) : .pass
            }
            scenario.world.endChild(of: scenario.key, code: 1)
            scenario.world.run(for: .milliseconds(900))
            scenario.world.intercept = nil
            scenario.world.run(for: .seconds(3))
        }
        scenario.conclude()
        #expect(scenario.world.holder(of: scenario.key) != nil)
    }

    @Test("10: a change that may yet be chosen is not reported as one that did not happen")
    func unknownOutcome() throws {
        var scenario = Scenario()
        _ = try scenario.begin()
        scenario.world.intercept = { envelope, _, _ in
            envelope.message.isAcceptOfKey ? .hold(.seconds(15)) : .pass
        }
        var spec = Scenario.spec
        spec.command = ["job", "changed"]
        let asked = scenario.world.request(.change(scenario.key, .declare(spec)), on: 1)
        let id = try #require(asked)
        scenario.world.run(for: .seconds(13))
        #expect(scenario.world.answers[id] == .unknown)
        scenario.world.intercept = nil
        scenario.conclude()
    }

    @Test("11, 12: power cuts at any boundary lose nothing that was answered", arguments: 1...10)
    func powerCuts(seed: UInt64) {
        var settings = WorldSettings.calm(seed: seed, keyCount: 3)
        settings.faultPhase = .seconds(60)
        settings.plan.powerCuts = 10
        settings.plan.agentCrashes = 10
        settings.plan.syncDelay = .milliseconds(50)
        settings.plan.restartDelay = .seconds(1)
        settings.plan.requests = 4
        var world = World(settings)
        world.runToEnd()
        #expect(world.violation == nil)
    }
}
