import HoldfastCore
import HoldfastGuardCore
import Testing

@Suite("The guard's deadlines")
struct GuardDeadlineTests {
    @Test("G3: at the hard deadline a run is frozen, and the fence is told when that is true")
    func freeze() {
        var simulated = SimulatedGuard.leased()
        simulated.launch()
        _ = simulated.take()
        simulated.pass(.milliseconds(3999))
        #expect(simulated.children[0]?.isAskedToFreeze == false)
        simulated.pass(.milliseconds(1))
        #expect(simulated.children[0]?.isAskedToFreeze == true)
        #expect(simulated.take() == [])
        simulated.becomeFrozen(0)
        #expect(simulated.take() == [.fenced(epoch: 7)])
    }

    /// What each deadline does to each kind of run.
    struct Row: CustomTestStringConvertible {
        let action: DeadlineAction
        let signalsAtSoft: Int
        let isFrozenAtHard: Bool
        let isKilledAtHard: Bool
        var testDescription: String { "\(self.action)" }
    }

    static let table = [
        Row(action: .freeze, signalsAtSoft: 0, isFrozenAtHard: true, isKilledAtHard: false),
        Row(action: .stop, signalsAtSoft: 1, isFrozenAtHard: false, isKilledAtHard: true),
        Row(action: .kill, signalsAtSoft: 0, isFrozenAtHard: false, isKilledAtHard: true),
    ]

    @Test("G3: each run meets the deadlines as it was ordered", arguments: table)
    func actions(_ row: Row) {
        var simulated = SimulatedGuard.leased()
        simulated.launch(Samples.order(onDeadline: row.action))
        simulated.pass(.milliseconds(3599))
        #expect(simulated.children[0]?.signals == 0)
        simulated.pass(.milliseconds(1))
        #expect(simulated.children[0]?.signals == row.signalsAtSoft)
        #expect(simulated.children[0]?.isKilled == false)
        simulated.pass(.milliseconds(400))
        #expect(simulated.children[0]?.isAskedToFreeze == row.isFrozenAtHard)
        #expect(simulated.children[0]?.isKilled == row.isKilledAtHard)
    }

    @Test("a renewal that brings a soft deadline already past still signals")
    func softAlreadyPast() {
        var simulated = SimulatedGuard.leased()
        simulated.launch(Samples.order(onDeadline: .stop))
        simulated.renew(soft: -1, hard: 1000)
        #expect(simulated.children[0]?.signals == 1)
    }

    @Test("G2: no deadline is further away than the fencing budget")
    func cut() {
        var simulated = SimulatedGuard.leased()
        simulated.launch()
        simulated.renew(soft: 1_000_000, hard: 1_000_000)
        simulated.pass(.milliseconds(3999))
        #expect(simulated.children[0]?.isAskedToFreeze == false)
        simulated.pass(.milliseconds(1))
        #expect(simulated.children[0]?.isAskedToFreeze == true)
    }

    @Test("G3: a renewal thaws, behind a kernel timer for the new deadline")
    func thaw() {
        var simulated = SimulatedGuard.leased()
        simulated.launch()
        simulated.pass(.milliseconds(4000))
        simulated.becomeFrozen(0)
        #expect(simulated.kernelTimer == nil)
        _ = simulated.take()
        simulated.renew(sequence: 2)
        #expect(simulated.take() == [.renewed(epoch: 7, sequence: 2, isFenced: false)])
        #expect(simulated.children[0]?.isFrozen == false)
        #expect(simulated.kernelTimer == simulated.now.advanced(by: .milliseconds(4100)))
        simulated.pass(.milliseconds(4000))
        #expect(simulated.children[0]?.isAskedToFreeze == true)
    }

    @Test("G3: the kernel timer is armed before anything is thawed")
    func thawOrder() throws {
        var machine = GuardMachine(
            .init(incarnation: 1, containment: .cgroup, allowedUsers: .any))
        let start = Samples.moment(1000)
        _ = machine.receive(.request(.adopt(Samples.session)), at: start)
        func deadlines(_ now: Moment) -> GuardDeadlines {
            GuardDeadlines(soft: now.advanced(by: .seconds(3)), hard: now.advanced(by: .seconds(4)))
        }
        _ = machine.receive(
            .request(.renew(epoch: 7, sequence: 1, deadlines(start))), at: start)
        _ = machine.receive(.request(.launch(Samples.order())), at: start)
        _ = machine.receive(.launched(slot: 0, processID: 5), at: start)
        let late = start.advanced(by: .seconds(4))
        #expect(machine.enforce(at: late) { _, _ in })
        _ = machine.receive(.frozen(slot: 0), at: late)
        let hard = deadlines(late).hard
        let effects = machine.receive(
            .request(.renew(epoch: 7, sequence: 2, deadlines(late))), at: late)
        #expect(
            effects == [
                .armKernelTimer(hard.advanced(by: .milliseconds(100))),
                .thaw(slot: 0, before: hard),
                .report(.renewed(epoch: 7, sequence: 2, isFenced: false)),
            ])
    }

    @Test("a renewal that is over on arrival lifts nothing")
    func lateRenewal() {
        var simulated = SimulatedGuard.leased()
        simulated.launch()
        simulated.pass(.milliseconds(4000))
        simulated.becomeFrozen(0)
        _ = simulated.take()
        simulated.renew(soft: -2, hard: 0, sequence: 2)
        #expect(simulated.take() == [.renewed(epoch: 7, sequence: 2, isFenced: true)])
        #expect(simulated.children[0]?.isFrozen == true)
    }

    @Test("a renewal of another epoch lifts nothing")
    func otherEpoch() {
        var simulated = SimulatedGuard.leased()
        simulated.launch()
        simulated.pass(.milliseconds(4000))
        _ = simulated.take()
        simulated.renew(epoch: 8, sequence: 2)
        #expect(simulated.take() == [.renewed(epoch: 8, sequence: 2, isFenced: true)])
        #expect(simulated.children[0]?.isAskedToFreeze == true)
    }

    @Test("G4: the kernel stands behind the guard until everything is read back as quiet")
    func kernelTimer() {
        var simulated = SimulatedGuard.leased()
        #expect(simulated.kernelTimer == nil)
        simulated.launch()
        simulated.launch(Samples.order(RunName(key: "b", token: 1), onDeadline: .kill))
        let armed = simulated.now.advanced(by: .milliseconds(4100))
        #expect(simulated.kernelTimer == armed)
        simulated.pass(.milliseconds(4000))
        simulated.becomeFrozen(0)
        #expect(simulated.kernelTimer == armed)
        simulated.die(1)
        #expect(simulated.kernelTimer == nil)
        #expect(simulated.take().last == .fenced(epoch: 7))
    }

    @Test("G4: with the last run the kernel timer goes, with the next it comes back")
    func kernelTimerComesAndGoes() {
        var simulated = SimulatedGuard.leased()
        simulated.launch()
        simulated.die(0, .exited(code: 0))
        #expect(simulated.kernelTimer == nil)
        simulated.renew()
        #expect(simulated.kernelTimer == nil)
        simulated.launch(Samples.order(RunName(key: "b", token: 1)))
        #expect(simulated.kernelTimer != nil)
    }

    @Test("late news of freezing does not count after a thaw")
    func lateFrozen() {
        var simulated = SimulatedGuard.leased()
        simulated.launch(Samples.order(freezeLimit: .seconds(1)))
        simulated.pass(.milliseconds(4000))
        simulated.renew(sequence: 2)
        _ = simulated.take()
        simulated.receive(.frozen(slot: 0))
        #expect(simulated.take() == [])
        #expect(simulated.kernelTimer != nil)
        // Nor does it count towards the freeze limit.
        simulated.pass(.milliseconds(3999))
        #expect(simulated.children[0]?.isKilled == false)
    }

    @Test("a frozen run is killed at its freeze limit, and not before")
    func freezeLimit() {
        var simulated = SimulatedGuard.leased()
        simulated.launch(Samples.order(freezeLimit: .seconds(5)))
        simulated.pass(.milliseconds(4000))
        simulated.becomeFrozen(0)
        simulated.pass(.milliseconds(4999))
        #expect(simulated.children[0]?.isKilled == false)
        simulated.pass(.milliseconds(1))
        #expect(simulated.children[0]?.isKilled == true)
        _ = simulated.take()
        simulated.die(0)
        let end = RunEnd(
            status: .signalled(9, dumpedCore: false), cause: .fenced, ran: .seconds(9))
        #expect(simulated.take() == [.exited(Samples.name, end)])
    }

    @Test("a frozen run that is stopped is killed: it could not act on a signal")
    func stopFrozen() {
        var simulated = SimulatedGuard.leased()
        simulated.launch()
        simulated.pass(.milliseconds(4000))
        simulated.becomeFrozen(0)
        simulated.request(.stop(Samples.name, immediately: false))
        #expect(simulated.children[0]?.isKilled == true)
    }

    @Test("G3: a guard that wakes long after both deadlines does what both ask")
    func overslept() {
        var simulated = SimulatedGuard.leased()
        simulated.launch(Samples.order(onDeadline: .stop))
        simulated.sleepThrough(.seconds(100))
        simulated.receive(.agentConnected)
        #expect(simulated.children[0]?.isKilled == true)
    }

    @Test("S8: either clock brings the deadline")
    func eitherClock() {
        var machine = GuardMachine(
            .init(incarnation: 1, containment: .cgroup, allowedUsers: .any))
        let start = Samples.moment(1000)
        _ = machine.receive(.request(.adopt(Samples.session)), at: start)
        let deadline = start.advanced(by: .seconds(4))
        _ = machine.receive(
            .request(
                .renew(epoch: 7, sequence: 1, GuardDeadlines(soft: deadline, hard: deadline))),
            at: start)
        var suspended = start
        suspended.raw += 1_000_000
        suspended.boot += 4_000_000_000
        var copy = machine
        #expect(copy.enforce(at: suspended) { _, _ in })
        #expect(machine.nextWakeUp(after: suspended) == .zero)
    }

    @Test("S8: after a disruption of the clocks only a lease that began later counts")
    func disrupted() {
        var simulated = SimulatedGuard.leased()
        simulated.launch()
        simulated.receive(.clockDisrupted)
        #expect(simulated.children[0]?.isAskedToFreeze == true)
        _ = simulated.take()
        simulated.renew(soft: 3000, hard: 3999, sequence: 2)
        #expect(simulated.take() == [.renewed(epoch: 7, sequence: 2, isFenced: true)])
        simulated.renew(soft: 3000, hard: 4000, sequence: 3)
        #expect(simulated.take() == [.renewed(epoch: 7, sequence: 3, isFenced: false)])
    }

    @Test("a guard that is ending kills at the deadline instead of freezing")
    func endingAtDeadline() {
        var simulated = SimulatedGuard.leased()
        simulated.launch()
        simulated.receive(.terminated)
        simulated.pass(.milliseconds(4000))
        #expect(simulated.children[0]?.isKilled == true)
    }

    /// Goal: whatever is asked in whatever order, nothing is left running unfenced after the
    /// hard deadline, no key runs twice, and the kernel timer is armed while anything may run.
    ///
    /// Method: 400 requests, ends and waits drawn from a seed; the invariants after each.
    @Test(
        "no order of requests leaves anything running past its deadline",
        arguments: UInt64(1)...40)
    func anyOrder(seed: UInt64) {
        var random = Randomness(seed: seed)
        var simulated = SimulatedGuard()
        var hard = simulated.now
        for step in 0..<400 {
            let slot = Int(random.next() % 4)
            let epoch = 1 + random.next() % 3
            let name = RunName(key: "k\(random.next() % 3)", token: random.next() % 60)
            switch random.next() % 13 {
            case 0: simulated.receive(.agentConnected)
            case 1:
                var session = Samples.session
                session.epoch = epoch
                simulated.request(.adopt(session))
            case 2, 3:
                let span = Int64(random.next() % 6000)
                simulated.renew(epoch: epoch, soft: span - 500, hard: span)
                let cut = simulated.now.advanced(by: .milliseconds(min(span, 4000)))
                if cut.hasReached(hard) { hard = cut }
            case 4, 5, 6:
                let action = DeadlineAction.allCases[Int(random.next() % 3)]
                simulated.launch(Samples.order(name, epoch: epoch, onDeadline: action))
            case 7: simulated.request(.stop(name, immediately: random.next() % 2 == 0))
            case 8: simulated.request(.burn(name))
            case 9: if random.next() % 8 == 0 { simulated.request(.retire(epoch: epoch)) }
            case 10: if simulated.children[slot] != nil { simulated.die(slot) }
            case 11:
                if simulated.children[slot]?.isAskedToFreeze == true {
                    simulated.becomeFrozen(slot)
                }
            default: simulated.pass(.milliseconds(Int64(random.next() % 3000)))
            }
            let live = simulated.children.values
            let keys = Set(live.map { child in child.name.key })
            #expect(keys.count == live.count, "seed \(seed), step \(step)")
            let unfenced = live.filter { child in !child.isAskedToFreeze && !child.isKilled }
            if simulated.now.hasReached(hard) {
                #expect(unfenced.isEmpty, "seed \(seed), step \(step)")
            }
            let unquiet = live.filter { child in !child.isFrozen }
            let isCovered =
                unquiet.isEmpty || simulated.kernelTimer != nil
                || unquiet.allSatisfy { child in child.isKilled && child.isAskedToFreeze }
            #expect(isCovered, "seed \(seed), step \(step)")
        }
    }
}
