import HoldfastCore
import HoldfastGuardCore
import HoldfastJobs
import HoldfastPaxos
import HoldfastSessions
import HoldfastWire
import Testing

@testable import HoldfastNode

/// What a host does about its session and its runs when something crosses something else.
@Suite("Holding")
struct HoldingTests {
    private let job = key("job")
    private let spec = JobSpec(
        command: ["/bin/true"], restart: RestartPolicy(delay: .zero, maximumDelay: .zero))
    private let a = name("a")
    private let b = name("b")
    private let c = name("c")

    private func declare(_ spec: JobSpec, in cluster: inout Cluster) throws -> HostName {
        _ = cluster.answer(.change(self.job, .declare(spec)), at: self.a)
        let runs = cluster.run(
            until: { [job] in $0.runners(of: job).count == 1 }, within: .seconds(3))
        try #require(runs)
        cluster.run(for: .milliseconds(200))
        return try #require(cluster.runners(of: self.job).first)
    }

    @Test("S2 °: a host that a minority refuses heals by writing its open session once more")
    func healing() throws {
        var cluster = try Cluster.serving()
        let register = RegisterID.session(of: self.a)
        let open = try #require(cluster.hosts[self.c]?.disk.registers[register])
        var record = try RecordCoding.decodeSession(open.value)
        let before = record
        record.phase = .closed(.byHolder)
        let stray = Accepted(
            ballot: Ballot(counter: open.ballot.counter + 7, incarnation: 9),
            value: RecordCoding.encode(record))
        cluster.say(
            .accept(attempt: 1, register, stray, promiseNext: false), from: self.b, to: self.c)
        cluster.run(for: .milliseconds(10))
        #expect(cluster.hosts[self.c]?.disk.registers[register] == stray)
        cluster.run(for: .seconds(15))
        let healed = try #require(cluster.hosts[self.c]?.disk.registers[register])
        #expect(try RecordCoding.decodeSession(healed.value) == before)
        #expect(cluster.hosts[self.a]?.node?.quorum.have == 3)
    }

    @Test("S2 °: a host whose closing the majority reports fences, though nobody chose it yet")
    func fencing() throws {
        var cluster = try Cluster.serving()
        let register = RegisterID.session(of: self.a)
        let open = try #require(cluster.hosts[self.b]?.disk.registers[register])
        var record = try RecordCoding.decodeSession(open.value)
        let epoch = record.epoch
        record.phase = .closed(.byHolder)
        let stray = Accepted(
            ballot: Ballot(counter: open.ballot.counter + 7, incarnation: 9),
            value: RecordCoding.encode(record))
        for (voter, other) in [(self.b, self.c), (self.c, self.b)] {
            cluster.say(
                .accept(attempt: 1, register, stray, promiseNext: false), from: other, to: voter)
        }
        let isOver = cluster.run(
            until: { [a] in ($0.hosts[a]?.guardProcess?.retiredThrough ?? 0) >= epoch },
            within: .seconds(5))
        #expect(isOver)
        let isBack = cluster.run(until: { [a] in $0.isServing(a) }, within: .seconds(5))
        #expect(isBack)
        #expect(cluster.hosts[self.a]?.node?.ownSession?.epoch == epoch + 1)
    }

    @Test("C6: a claim that waits is dropped when its host may no longer run the key")
    func placement() throws {
        var cluster = try Cluster.serving()
        var spec = self.spec
        spec.restart = RestartPolicy(delay: .seconds(5), maximumDelay: .seconds(5))
        let host = try self.declare(spec, in: &cluster)
        cluster.exit(self.job, on: host, code: 1)
        cluster.run(for: .seconds(1))
        spec.placement.require = [Label(name: "zone", value: "nowhere")]
        _ = cluster.answer(.change(self.job, .declare(spec)), at: self.a)
        cluster.run(for: .seconds(30))
        #expect(cluster.launches.count == 1)
    }

    @Test("a stop that overtakes the launch it is meant for still stops the run")
    func stopBeforeLaunch() throws {
        var cluster = try Cluster.serving()
        cluster.launchDelay = .milliseconds(500)
        _ = cluster.answer(.change(self.job, .declare(self.spec)), at: self.a)
        let claimed = cluster.run(
            until: { [job, a] in $0.known(job, on: a)?.holder != nil }, within: .seconds(2))
        #expect(claimed)
        _ = cluster.answer(.change(self.job, .stop), at: self.a)
        cluster.run(for: .seconds(3))
        #expect(cluster.runners(of: self.job).isEmpty)
        #expect(cluster.known(self.job, on: self.a)?.holder == nil)
    }

    @Test("a reason longer than a record may hold is cut, not chosen")
    func longReason() throws {
        var cluster = try Cluster.serving()
        cluster.launchDelay = .seconds(60)
        _ = cluster.answer(.change(self.job, .declare(self.spec)), at: self.a)
        let claimed = cluster.run(
            until: { [job, a] in $0.known(job, on: a)?.holder != nil }, within: .seconds(2))
        #expect(claimed)
        let record = try #require(cluster.known(self.job, on: self.a))
        let host = try #require(record.holder?.session.host)
        cluster.deliver(
            .launchImpossible(
                RunName(key: self.job.text, token: record.token),
                reason: String(repeating: "ä", count: 5000)),
            to: host, after: .zero)
        cluster.run(for: .milliseconds(500))
        for other in Cluster.names {
            guard case .refused(let reason) = cluster.known(self.job, on: other)?.last?.how else {
                Issue.record("\(other) cannot read what became of it")
                continue
            }
            #expect(reason.hasPrefix("ää"))
        }
    }

    @Test("G7: of two exits that were never settled, the newer keeps its status")
    func twoExits() throws {
        var cluster = try Cluster.serving()
        let host = try self.declare(self.spec, in: &cluster)
        let run = try #require(cluster.run(of: self.job, on: host))
        cluster.crashAgent(host)
        cluster.hosts[host]?.guardProcess?.keep(RunName(key: self.job.text, token: run.token - 1))
        cluster.exit(self.job, on: host, code: 42)
        cluster.run(for: .milliseconds(100))
        cluster.start(host)
        let ended = cluster.run(
            until: { [job, a] in $0.known(job, on: a)?.last != nil }, within: .seconds(5))
        #expect(ended)
        #expect(cluster.known(self.job, on: self.a)?.last?.how == .exited(code: 42))
        cluster.run(for: .seconds(1))
        #expect(cluster.hosts[host]?.guardProcess?.kept.isEmpty == true)
    }

    @Test("P10: an inventory of many long names fits into a frame")
    func inventory() throws {
        let cluster = try Cluster.serving()
        var node = try #require(cluster.hosts[self.a]?.node)
        let value = RecordCoding.encode(KeyRecord())
        for index in 0..<30_000 {
            let digits = String(index)
            let text = String(repeating: "x", count: 255 - digits.utf8.count) + digits
            node.learn(
                RegisterID(bucket: RegisterID.keyBucket, key: text),
                Accepted(ballot: Ballot(counter: 1, incarnation: 1), value: value))
        }
        node.effects = []
        node.compare([UInt64](repeating: 1, count: Learner.bucketCount), from: self.b)
        let sizes = node.effects.map { effect in
            if case .send(let envelope, _) = effect {
                EnvelopeCoding.encode(envelope).count
            } else {
                0
            }
        }
        #expect(sizes.contains { $0 > 0 })
        #expect(sizes.allSatisfy { $0 <= Limits.peerFrameBytes })
    }

    @Test("S11, M4: an agent whose guard serves the session of another data directory ends")
    func foreignGuard() throws {
        var cluster = try Cluster.serving()
        // The disks of all hosts are replaced; the guard of one lives on and vouches.
        for host in Cluster.names { cluster.crashAgent(host) }
        for (index, host) in Cluster.names.enumerated() {
            cluster.hosts[host]?.disk = DurableState(
                acceptor: AcceptorID(high: 77, low: UInt64(index + 1)))
        }
        for host in [self.b, self.c] { cluster.hosts[host]?.guardProcess = TestGuard() }
        cluster.start()
        cluster.run(for: .seconds(3))
        #expect(cluster.failures == [.foreignGuard(1)])
        #expect(cluster.hosts[self.a]?.node == nil)
        #expect(cluster.isServing(self.b) && cluster.isServing(self.c))
    }

    @Test("S11: an agent keeps no session alive that another opened, though its guard serves it")
    func guardOfAnother() throws {
        var cluster = try Cluster.serving()
        // Its epoch is one that b has never had.
        cluster.replaceGuard(self.a)
        cluster.run(for: .seconds(1))
        let key = key("k")
        let placement = Placement(require: [Label(name: "zone", value: "a")])
        let spec = JobSpec(command: ["/bin/a"], placement: placement)
        _ = cluster.ask(.change(key, .run(spec)), at: self.a)
        cluster.run(for: .seconds(1))
        #expect(cluster.runners(of: key) == [self.a])
        // The agent of a is gone; that of b is started anew, with the guard of a.
        let guardOfA = cluster.hosts[self.a]?.guardProcess
        cluster.crashMachine(self.a)
        cluster.crashMachine(self.b)
        cluster.hosts[self.b]?.guardProcess = guardOfA
        cluster.start(self.b)
        cluster.run(for: .seconds(8))
        #expect(cluster.failures == [.foreignGuard(2)])
        // Nobody renewed: the deadline has come.
        #expect(cluster.runners(of: key).isEmpty)
    }

    @Test("a voter whose disk does not answer takes in nothing that it would have to keep")
    func stalledDisk() throws {
        var cluster = try Cluster.serving()
        var node = try #require(cluster.hosts[self.a]?.node)
        let register = RegisterID.key(key("k"))
        let ballot = Ballot(counter: 1_000_000, incarnation: 1)
        for isStalled in [true, false] {
            _ = node.receive(.diskStalled(isStalled), at: cluster.moment)
            node.dispatch(.prepare(attempt: 1, register, ballot), from: self.b)
            #expect(node.waiting.isEmpty == isStalled)
            #expect(node.effects.isEmpty == isStalled)
        }
        // And the cluster goes on without it.
        cluster.run(for: .milliseconds(10))
        cluster.deliver(.diskStalled(true), to: self.a, after: .zero)
        let change = RequestedChange.declare(JobSpec(command: ["/bin/a"], start: .onDemand))
        let response = cluster.answer(.change(key("k"), change), at: self.b)
        #expect(response.map { if case .chosen = $0 { true } else { false } } == true)
    }

    @Test("M1: a configuration that cannot be read is not taken for none")
    func unreadableConfiguration() throws {
        var cluster = try Cluster.serving()
        cluster.crashAgent(self.a)
        cluster.hosts[self.a]?.disk.configuration = [99, 1, 2]
        cluster.start(self.a)
        cluster.run(for: .seconds(1))
        #expect(cluster.failures == [.unreadableConfiguration])
    }
}
