import HoldfastCore
import HoldfastGuardCore
import HoldfastJobs
import HoldfastPaxos
import HoldfastSessions
import HoldfastWire
import Testing

@testable import HoldfastNode

/// The proposer's side of a host, with answers that come late, from the wrong life, or never.
@Suite("Proposing")
struct ProposingTests {
    private let spec = JobSpec(command: ["/bin/true"], start: .onDemand)
    private let a = name("a")
    private let b = name("b")
    private let c = name("c")

    /// A key whose primary is `host` (P7).
    private func primaryKey(_ host: HostName) -> Key {
        (0..<100).lazy.map { key("k\($0)") }.first { key in
            host
                == Cluster.names.max {
                    (StableHash.of(key.text, $0.text), $0) < (StableHash.of(key.text, $1.text), $1)
                }
        } ?? key("none")
    }

    private func proposals(_ recorder: Recorder, from host: HostName) -> [(Accepted, KeyRecord)] {
        recorder.messages.compactMap { said in
            guard said.from == host, case .accept(_, _, let accepted, _) = said.message,
                let record = try? RecordCoding.decodeKey(accepted.value)
            else { return nil }
            return (accepted, record)
        }
    }

    private func attempts(_ recorder: Recorder, from host: HostName) -> [UInt64] {
        recorder.messages.compactMap { said in
            guard said.from == host else { return nil }
            switch said.message {
            case .prepare(let attempt, _, _), .accept(let attempt, _, _, _): return attempt
            default: return nil
            }
        }
    }

    @Test("P2: answers to an earlier life of the agent count for nothing in this one")
    func earlierLife() throws {
        var cluster = Cluster()
        let recorder = Recorder()
        cluster.passes = recorder.passing
        cluster.start()
        cluster.run(for: .seconds(2))
        cluster.passes = recorder.isolating(self.a)
        let keys = (0..<40).map { key("late\($0)") }
        for key in keys { _ = cluster.ask(.change(key, .declare(self.spec)), at: self.a) }
        cluster.run(for: .seconds(3))
        let earlier = Set(self.attempts(recorder, from: self.a)).sorted()
        #expect(earlier.count > 40)
        cluster.crashAgent(self.a)
        cluster.start(self.a)
        cluster.run(for: .milliseconds(50))
        let requests = keys.map { cluster.ask(.change($0, .declare(self.spec)), at: self.a) }
        for _ in 0..<80 {
            for attempt in earlier {
                cluster.say(.promise(attempt: attempt, accepted: nil), from: self.b, to: self.a)
                cluster.say(.accepted(attempt: attempt), from: self.b, to: self.a)
            }
            cluster.run(for: .milliseconds(20))
        }
        #expect(requests.allSatisfy { cluster.responses[$0] == nil })
        #expect(keys.allSatisfy { cluster.known($0, on: self.a) == nil })
    }

    @Test("P7 °: a primary proposes what was forwarded only above the counter it was told")
    func forwardedAbove() throws {
        var cluster = try Cluster.serving()
        let recorder = Recorder()
        cluster.passes = recorder.isolating(self.a)
        let key = self.primaryKey(self.a)
        _ = cluster.ask(.change(key, .declare(self.spec)), at: self.a)
        cluster.run(for: .milliseconds(20))
        // A ballot is under way; what is forwarded now may ride only on a later one.
        let nonce = Nonce(high: 1, low: 1)
        cluster.say(
            .forward(attempt: 5, key, .run(self.spec, request: nonce), above: 40, through: 60),
            from: self.b, to: self.a)
        cluster.run(for: .milliseconds(5))
        for attempt in self.attempts(recorder, from: self.a) {
            cluster.say(.promise(attempt: attempt, accepted: nil), from: self.b, to: self.a)
        }
        cluster.run(for: .milliseconds(20))
        let first = try #require(self.proposals(recorder, from: self.a).first)
        #expect(first.0.ballot.counter <= 40)
        for (accepted, record) in self.proposals(recorder, from: self.a)
        where record.lastRequest == nonce {
            #expect(accepted.ballot.counter > 40 && accepted.ballot.counter <= 60)
        }
    }

    @Test("P7 °: what is taken back from a primary is proposed only above all it may count to")
    func takenBack() throws {
        var cluster = try Cluster.serving()
        let recorder = Recorder()
        cluster.passes = recorder.isolating(self.a)
        let key = self.primaryKey(self.b)
        _ = cluster.ask(.change(key, .run(self.spec)), at: self.a)
        cluster.run(for: .milliseconds(20))
        let winner = Ballot(counter: 5, incarnation: 1)
        for attempt in Set(self.attempts(recorder, from: self.a)).sorted() {
            for voter in [self.b, self.c] {
                cluster.say(.nack(attempt: attempt, promised: winner), from: voter, to: self.a)
            }
        }
        cluster.run(for: .milliseconds(100))
        let through = try #require(
            recorder.messages.compactMap { said -> UInt64? in
                guard case .forward(_, key, _, _, let through) = said.message else { return nil }
                return through
            }.first)
        // Another change begins a ballot while the first is away, and is answered after the
        // first was taken back.
        _ = cluster.ask(.change(key, .declare(self.spec)), at: self.a)
        cluster.run(for: .milliseconds(200))
        let attempt = try #require(self.attempts(recorder, from: self.a).last)
        cluster.say(.promise(attempt: attempt, accepted: nil), from: self.b, to: self.a)
        cluster.run(for: .milliseconds(20))
        for (accepted, record) in self.proposals(recorder, from: self.a)
        where record.job?.isTransient == true {
            #expect(accepted.ballot.counter > through)
        }
        #expect(!self.proposals(recorder, from: self.a).isEmpty)
    }

    @Test("P9 °: a change that may have been proposed is not handed to another proposer")
    func notForwarded() throws {
        var cluster = try Cluster.serving()
        let recorder = Recorder()
        cluster.passes = recorder.isolating(self.a)
        let key = self.primaryKey(self.b)
        _ = cluster.ask(.change(key, .run(self.spec)), at: self.a)
        cluster.run(for: .milliseconds(20))
        let attempt = try #require(self.attempts(recorder, from: self.a).last)
        cluster.say(.promise(attempt: attempt, accepted: nil), from: self.b, to: self.a)
        cluster.run(for: .milliseconds(20))
        #expect(!self.proposals(recorder, from: self.a).isEmpty)
        let winner = Ballot(counter: 9, incarnation: 1)
        for voter in [self.b, self.c] {
            cluster.say(.nack(attempt: attempt, promised: winner), from: voter, to: self.a)
        }
        cluster.run(for: .seconds(1))
        let isForwarded = recorder.messages.contains { said in
            if case .forward(_, key, _, _, _) = said.message { true } else { false }
        }
        #expect(!isForwarded)
    }

    @Test("a change that is queued while another one is given up is not lost")
    func queuedMeanwhile() throws {
        var cluster = try Cluster.serving()
        cluster.passes = { _, _, _ in false }
        let register = RegisterID.session(of: self.a)
        let nonce = Nonce(high: 3, low: 3)
        var node = try #require(cluster.hosts[self.a]?.node)
        node.holding = .releasing(1, nonce)
        node.submit(.identity, to: register, for: .learn, within: .seconds(60))
        node.submit(
            .session(.close(epoch: 1, nonce: nonce, .byHolder)), to: register,
            for: .releaseSession(1, nonce), within: .seconds(1))
        cluster.hosts[self.a]?.node = node
        cluster.run(for: .seconds(10))
        // Each time it is given up, the host asks for its release again.
        node = try #require(cluster.hosts[self.a]?.node)
        #expect(node.holding == .releasing(1, nonce))
        let queue = try #require(node.work[register]?.queue)
        #expect(queue.contains { $0.purpose == .releaseSession(1, nonce) })
    }

    @Test(
        "P7: a voter that came back above everybody's counters takes part again", arguments: [1, 9])
    func restartedVoter(delay: Int) throws {
        var cluster = try Cluster.serving()
        let job = key("often")
        let (a, c) = (self.a, self.c)
        cluster.latency = { from, to in
            from == c || to == c ? .milliseconds(delay) : .milliseconds(1)
        }
        for index in 0..<5 {
            let spec = JobSpec(command: ["/bin/\(index)"], start: .onDemand)
            _ = cluster.answer(.change(job, .declare(spec)), at: a)
        }
        cluster.crashAgent(c)
        cluster.start(c)
        cluster.run(for: .seconds(1))
        for index in 0..<5 {
            let spec = JobSpec(command: ["/sbin/\(index)"], start: .onDemand)
            _ = cluster.answer(.change(job, .declare(spec)), at: a)
            cluster.run(for: .milliseconds(100))
        }
        let register = RegisterID.key(job)
        #expect(
            cluster.hosts[c]?.disk.registers[register] == cluster.hosts[a]?.disk.registers[register]
        )
    }

    @Test("P7: a slow line is slow, but is no standstill")
    func slowLine() {
        var cluster = Cluster()
        cluster.latency = { _, _ in .milliseconds(250) }
        cluster.start()
        let isUp = cluster.run(
            until: { cluster in Cluster.names.allSatisfy(cluster.isServing) },
            within: .seconds(30))
        #expect(isUp)
        let answer = cluster.answer(.change(key("slow"), .declare(self.spec)), at: self.a)
        #expect(answer != nil && answer != .noQuorum && answer != .unknown)
    }

    @Test("P13: another value at a ballot that is known stops the host, wherever it is seen")
    func twoValues() throws {
        for isRead in [true, false] {
            var cluster = try Cluster.serving()
            let job = key("two")
            _ = cluster.answer(.change(job, .declare(self.spec)), at: self.b)
            cluster.run(for: .milliseconds(100))
            let recorder = Recorder()
            cluster.passes = recorder.isolating(self.a)
            _ = cluster.ask(isRead ? .read(job) : .change(job, .stop), at: self.a)
            cluster.run(for: .milliseconds(2))
            var other = try #require(cluster.hosts[self.a]?.disk.registers[.key(job)])
            other.value = RecordCoding.encode(KeyRecord())
            for said in recorder.messages where said.from == self.a {
                switch said.message {
                case .read(let attempt, .key(job)):
                    cluster.say(
                        .report(attempt: attempt, accepted: other), from: self.b, to: self.a)
                case .prepare(let attempt, .key(job), _):
                    cluster.say(
                        .promise(attempt: attempt, accepted: other), from: self.b, to: self.a)
                default: break
                }
            }
            cluster.run(for: .milliseconds(5))
            #expect(Set(cluster.failures) == [.twoValuesAtOneBallot(.key(job), other.ballot)])
        }
    }
}
