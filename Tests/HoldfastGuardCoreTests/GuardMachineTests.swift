import HoldfastCore
import HoldfastGuardCore
import Testing

@Suite("The guard's decisions")
struct GuardMachineTests {
    // MARK: - Sessions

    @Test("a session begins fenced: nothing is launched before the first renewal")
    func beginsFenced() {
        var simulated = SimulatedGuard()
        simulated.receive(.agentConnected)
        simulated.request(.adopt(Samples.session))
        _ = simulated.take()
        simulated.launch()
        #expect(simulated.take() == [.refused(Samples.name, .fenced)])
        simulated.renew()
        #expect(simulated.take() == [.renewed(epoch: 7, sequence: 1, isFenced: false)])
        #expect(simulated.children.isEmpty)
    }

    @Test("adopting the present session again is answered alike")
    func adoptTwice() {
        var simulated = SimulatedGuard.leased()
        simulated.request(.adopt(Samples.session))
        #expect(simulated.take() == [.adopted(epoch: 7)])
        simulated.launch()
        #expect(simulated.take() == [.launched(Samples.name, processID: 100)])
    }

    /// Sessions that the guard must not serve while it serves 7 and has retired nothing.
    static let impossible = [
        GuardSession(
            epoch: 8, nonce: Nonce(high: 2, low: 2), owner: Samples.session.owner,
            fencingBudget: .seconds(4), wakeUpDelay: .zero),
        GuardSession(
            epoch: 7, nonce: Nonce(high: 2, low: 2), owner: Samples.session.owner,
            fencingBudget: .seconds(4), wakeUpDelay: .zero),
        GuardSession(
            epoch: 6, nonce: Samples.session.nonce, owner: Samples.session.owner,
            fencingBudget: .seconds(4), wakeUpDelay: .zero),
        GuardSession(
            epoch: 7, nonce: Samples.session.nonce, owner: AcceptorID(high: 9, low: 9),
            fencingBudget: .seconds(4), wakeUpDelay: .zero),
    ]

    @Test("S11: a session beside the present one ends the connection", arguments: impossible)
    func adoptAnother(_ session: GuardSession) {
        var simulated = SimulatedGuard.leased()
        simulated.request(.adopt(session))
        #expect(simulated.isDisconnected)
        #expect(simulated.take() == [])
    }

    @Test("S10: a retired epoch is never launched, renewed or adopted again")
    func retired() {
        var simulated = SimulatedGuard.leased()
        simulated.request(.retire(epoch: 7))
        #expect(simulated.take() == [.retired(epoch: 7)])
        simulated.renew(sequence: 2)
        #expect(simulated.take() == [.renewed(epoch: 7, sequence: 2, isFenced: true)])
        simulated.launch()
        #expect(simulated.take() == [.refused(Samples.name, .wrongEpoch)])
        #expect(!simulated.isDisconnected)
        simulated.request(.adopt(Samples.session))
        #expect(simulated.isDisconnected)
    }

    @Test("S10: an epoch is retired only when its last run is gone")
    func retireWaits() {
        var simulated = SimulatedGuard.leased()
        simulated.launch()
        _ = simulated.take()
        simulated.request(.retire(epoch: 7))
        #expect(simulated.take() == [])
        #expect(simulated.children[0]?.isKilled == true)
        simulated.renew(sequence: 2)
        #expect(simulated.take() == [.renewed(epoch: 7, sequence: 2, isFenced: true)])
        let other = RunName(key: "other", token: 1)
        simulated.launch(Samples.order(other))
        #expect(simulated.take() == [.refused(other, .wrongEpoch)])
        simulated.die(0)
        let end = RunEnd(status: .signalled(9, dumpedCore: false), cause: .fenced, ran: .zero)
        #expect(simulated.take() == [.exited(Samples.name, end), .retired(epoch: 7)])
        var next = Samples.session
        next.epoch = 8
        simulated.request(.adopt(next))
        #expect(simulated.take() == [.adopted(epoch: 8)])
    }

    @Test("retiring what was retired is answered again, and an earlier epoch harms nobody")
    func retireTwice() {
        var simulated = SimulatedGuard.leased()
        simulated.launch()
        _ = simulated.take()
        simulated.request(.retire(epoch: 6))
        #expect(simulated.take() == [.retired(epoch: 6)])
        #expect(simulated.children[0]?.isKilled == false)
    }

    // MARK: - Launching

    @Test("G5, C8: a token is launched once, and none below it ever")
    func staleTokens() {
        var simulated = SimulatedGuard.leased()
        simulated.launch()
        simulated.die(0, .exited(code: 0))
        simulated.request(.settle(Samples.name))
        _ = simulated.take()
        for token in [Samples.name.token, Samples.name.token - 1] {
            let name = RunName(key: Samples.name.key, token: token)
            simulated.launch(Samples.order(name))
            #expect(simulated.take() == [.refused(name, .staleToken)])
        }
        let higher = RunName(key: Samples.name.key, token: Samples.name.token + 1)
        simulated.launch(Samples.order(higher))
        #expect(simulated.take() == [.launched(higher, processID: 100)])
    }

    @Test("a refused or failed token counts as burned")
    func refusedIsBurned() {
        var simulated = SimulatedGuard.leased(users: .only([1]))
        simulated.launch()
        #expect(simulated.take() == [.refused(Samples.name, .userNotAllowed)])
        simulated.launch(Samples.order(userID: 1))
        #expect(simulated.take() == [.refused(Samples.name, .staleToken)])
        let other = RunName(key: "other", token: 1)
        simulated.nextLaunch = .launchFailed(slot: 0, .execute, errorNumber: 2)
        simulated.launch(Samples.order(other, userID: 1))
        #expect(simulated.take() == [.launchFailed(other, step: .execute, errorNumber: 2)])
        #expect(simulated.kernelTimer == nil)
        simulated.nextLaunch = nil
        simulated.launch(Samples.order(other, userID: 1))
        #expect(simulated.take() == [.refused(other, .staleToken)])
    }

    @Test("G5: a launch that meets the deadline on its way is refused as fenced")
    func tooLate() {
        var simulated = SimulatedGuard.leased()
        simulated.nextLaunch = .launchTooLate(slot: 0)
        simulated.launch()
        #expect(simulated.take() == [.refused(Samples.name, .fenced)])
    }

    @Test("a repeated order is answered as its run stands and never runs twice")
    func repeatedOrder() {
        var simulated = SimulatedGuard.leased()
        simulated.launch()
        simulated.launch()
        let launched = GuardReport.launched(Samples.name, processID: 100)
        #expect(simulated.take() == [launched, launched])
        #expect(simulated.children.count == 1)
        simulated.die(0, .exited(code: 3))
        let first = simulated.take()
        simulated.launch()
        #expect(simulated.take() == first)
        #expect(simulated.children.isEmpty)
    }

    @Test("a key with a live run is not launched under a higher token")
    func keyInUse() {
        var simulated = SimulatedGuard.leased()
        simulated.launch()
        _ = simulated.take()
        let higher = RunName(key: Samples.name.key, token: Samples.name.token + 1)
        simulated.launch(Samples.order(higher))
        #expect(simulated.take() == [.refused(higher, .keyInUse)])
    }

    @Test("G5: nothing is launched from the soft deadline on")
    func softDeadline() {
        var simulated = SimulatedGuard.leased()
        simulated.pass(.milliseconds(3600))
        simulated.launch()
        #expect(simulated.take() == [.refused(Samples.name, .fenced)])
    }

    @Test("live runs and unsettled exits share one bound")
    func bound() {
        var simulated = SimulatedGuard.leased(runLimit: 2)
        for index in 0..<2 {
            simulated.launch(Samples.order(RunName(key: "k\(index)", token: 1)))
        }
        simulated.die(0, .exited(code: 0))
        _ = simulated.take()
        let third = RunName(key: "k2", token: 1)
        simulated.launch(Samples.order(third))
        #expect(simulated.take() == [.refused(third, .tooManyRuns)])
        simulated.request(.settle(RunName(key: "k0", token: 1)))
        let fourth = RunName(key: "k2", token: 2)
        simulated.launch(Samples.order(fourth))
        #expect(simulated.take() == [.launched(fourth, processID: 100)])
    }

    // MARK: - Ends

    @Test("G6: an end is reported when the whole tree is gone, not before")
    func wholeTree() {
        var simulated = SimulatedGuard.leased()
        simulated.launch()
        _ = simulated.take()
        simulated.receive(
            .mainEnded(slot: 0, .exited(code: 4), ranOutOfMemory: false, isEmpty: false))
        #expect(simulated.take() == [])
        #expect(simulated.children[0]?.signals == 1)
        simulated.pass(.seconds(2))
        simulated.renew()
        simulated.pass(.seconds(2))
        simulated.renew()
        simulated.pass(.seconds(2))
        simulated.renew()
        simulated.pass(.seconds(2))
        simulated.renew()
        #expect(simulated.children[0]?.isKilled == false)
        simulated.pass(.seconds(2))
        #expect(simulated.children[0]?.isKilled == true)
        _ = simulated.take()
        simulated.receive(.emptied(slot: 0))
        let end = RunEnd(status: .exited(code: 4), cause: .itself, ran: .zero)
        #expect(simulated.take() == [.exited(Samples.name, end)])
    }

    @Test("an empty tree whose main process is not reaped yet waits for its status")
    func emptyFirst() {
        var simulated = SimulatedGuard.leased()
        simulated.launch()
        _ = simulated.take()
        simulated.receive(.emptied(slot: 0))
        #expect(simulated.take() == [])
        simulated.pass(.milliseconds(5))
        simulated.receive(
            .mainEnded(slot: 0, .exited(code: 0), ranOutOfMemory: false, isEmpty: true))
        let end = RunEnd(status: .exited(code: 0), cause: .itself, ran: .milliseconds(5))
        #expect(simulated.take() == [.exited(Samples.name, end)])
    }

    @Test("G7: an exit is told to every new agent until it is settled")
    func keptExit() {
        var simulated = SimulatedGuard.leased()
        simulated.launch()
        simulated.die(0, .exited(code: 9))
        let exited = simulated.take().last
        for number in UInt64(2)...3 {
            simulated.receive(.agentConnected)
            var hello = Samples.hello(runs: [])
            hello.agentNumber = number
            hello.incarnation = 1
            hello.isFenced = false
            hello.retiredThrough = 0
            #expect(simulated.take() == [.hello(hello), exited].compactMap { each in each })
        }
        simulated.request(.settle(Samples.name))
        #expect(simulated.forgotten == [Samples.name])
        simulated.receive(.agentConnected)
        #expect(simulated.take().count == 1)
    }

    @Test("who ended a run is said with its end")
    func causes() {
        var simulated = SimulatedGuard.leased()
        simulated.launch()
        simulated.request(.stop(Samples.name, immediately: false))
        #expect(simulated.children[0]?.signals == 1)
        simulated.die(0, .exited(code: 0))
        let second = RunName(key: "second", token: 1)
        simulated.launch(Samples.order(second))
        simulated.die(0, outOfMemory: true)
        let causes = simulated.take().compactMap { report in
            if case .exited(_, let end) = report { end.cause } else { nil }
        }
        #expect(causes == [.stopped, .outOfMemory])
    }

    @Test("a stop kills the tree when the grace is over, and at once if so asked")
    func stop() {
        var simulated = SimulatedGuard.leased()
        var order = Samples.order()
        order.stopGrace = .seconds(1)
        simulated.launch(order)
        simulated.request(.stop(Samples.name, immediately: false))
        simulated.request(.stop(Samples.name, immediately: false))
        #expect(simulated.children[0]?.signals == 1)
        simulated.pass(.milliseconds(999))
        #expect(simulated.children[0]?.isKilled == false)
        simulated.pass(.milliseconds(1))
        #expect(simulated.children[0]?.isKilled == true)
        let other = RunName(key: "other", token: 1)
        simulated.launch(Samples.order(other))
        simulated.request(.stop(other, immediately: true))
        #expect(simulated.children[1]?.isKilled == true)
    }

    @Test("a stop that names another token than the live one does nothing")
    func stopOther() {
        var simulated = SimulatedGuard.leased()
        simulated.launch()
        simulated.request(
            .stop(RunName(key: Samples.name.key, token: 40), immediately: true))
        #expect(simulated.children[0]?.isKilled == false)
    }

    // MARK: - Burning

    @Test("C8: burning what does not run is answered at once, and kept across agents")
    func burn() {
        var simulated = SimulatedGuard.leased()
        simulated.request(.burn(Samples.name))
        #expect(simulated.take() == [.burned(Samples.name)])
        simulated.receive(.agentConnected)
        _ = simulated.take()
        simulated.launch()
        #expect(simulated.take() == [.refused(Samples.name, .staleToken)])
    }

    @Test("C8: burning a live run kills it, and is answered after its end")
    func burnLive() {
        var simulated = SimulatedGuard.leased()
        simulated.launch()
        _ = simulated.take()
        let higher = RunName(key: Samples.name.key, token: 50)
        simulated.request(.burn(higher))
        simulated.request(.burn(Samples.name))
        #expect(simulated.take() == [])
        #expect(simulated.children[0]?.isKilled == true)
        simulated.die(0)
        let reports = simulated.take()
        #expect(Array(reports.dropFirst()) == [.burned(Samples.name), .burned(higher)])
    }

    @Test("burning an earlier token leaves a live run alone")
    func burnEarlier() {
        var simulated = SimulatedGuard.leased()
        simulated.launch()
        _ = simulated.take()
        let earlier = RunName(key: Samples.name.key, token: 40)
        simulated.request(.burn(earlier))
        #expect(simulated.take() == [.burned(earlier)])
        #expect(simulated.children[0]?.isKilled == false)
    }

    // MARK: - The guard's own end

    @Test("told to end, it stops everything, waits for the exits to be settled, and retires")
    func ending() {
        var simulated = SimulatedGuard.leased()
        simulated.launch()
        _ = simulated.take()
        simulated.receive(.terminated)
        #expect(simulated.take() == [.ending])
        #expect(simulated.children[0]?.signals == 1)
        simulated.die(0, .exited(code: 0))
        let end = RunEnd(status: .exited(code: 0), cause: .guardEnding, ran: .zero)
        #expect(simulated.take() == [.exited(Samples.name, end)])
        #expect(!simulated.hasEnded)
        simulated.request(.settle(Samples.name))
        #expect(simulated.take() == [.retired(epoch: 7)])
        #expect(simulated.hasEnded)
    }

    @Test("told to end, it does not wait for ever for an agent that is gone")
    func endingAlone() {
        var simulated = SimulatedGuard.leased()
        simulated.launch()
        simulated.receive(.terminated)
        simulated.receive(.terminated)
        simulated.die(0, .exited(code: 0))
        simulated.pass(.milliseconds(1999))
        #expect(!simulated.hasEnded)
        simulated.pass(.milliseconds(1))
        #expect(simulated.hasEnded)
    }
}
