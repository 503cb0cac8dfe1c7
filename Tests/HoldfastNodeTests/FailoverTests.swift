import HoldfastCore
import HoldfastGuardCore
import HoldfastJobs
import HoldfastSessions
import HoldfastWire
import Testing

@testable import HoldfastNode

/// Whole hosts, driven by hand from formation to take-over.
@Suite("A job on exactly one of three hosts")
struct FailoverTests {
    private let job = key("jobs/one")
    private let spec = JobSpec(
        command: ["/bin/true"], restart: RestartPolicy(delay: .zero, maximumDelay: .zero))

    /// Three hosts with sessions, the job running on one of them.
    private func running() throws -> (Cluster, HostName) {
        var cluster = try Cluster.serving()
        let answer = cluster.answer(.change(self.job, .declare(self.spec)), at: name("a"))
        guard case .chosen = answer else {
            Issue.record("declared: \(String(describing: answer))")
            return (cluster, name("a"))
        }
        let runs = cluster.run(
            until: { [job] in $0.runners(of: job).count == 1 }, within: .seconds(3))
        try #require(runs)
        cluster.run(for: .milliseconds(300))
        return (cluster, cluster.runners(of: self.job)[0])
    }

    @Test("M2: nothing happens until all three hosts have agreed on the configuration")
    func formation() {
        var cluster = Cluster()
        cluster.start(name("a"))
        cluster.start(name("b"))
        cluster.run(for: .seconds(10))
        #expect(cluster.hosts.values.allSatisfy { $0.disk.configuration == nil })
        cluster.start(name("c"))
        let isUp = cluster.run(
            until: { cluster in Cluster.names.allSatisfy(cluster.isServing) },
            within: .seconds(3))
        #expect(isUp)
        #expect(Set(cluster.hosts.values.map(\.disk.configuration)).count == 1)
    }

    @Test("C1, C3: a job is claimed, launched, exits, is vacated and runs again")
    func restart() throws {
        var (cluster, host) = try self.running()
        let first = try #require(cluster.run(of: self.job, on: host))
        #expect(first.token == cluster.known(self.job, on: host)?.token)
        cluster.exit(self.job, on: host, code: 3)
        let again = cluster.run(
            until: { [job] in $0.runners(of: job).first.map { $0 == host } ?? false },
            within: .seconds(1))
        #expect(again, "a restart stays where it was")
        cluster.run(for: .milliseconds(100))
        let second = try #require(cluster.run(of: self.job, on: host))
        #expect(second.token > first.token)
        for other in Cluster.names {
            let last = try #require(cluster.known(self.job, on: other)?.last)
            #expect(last.how == .exited(code: 3))
            #expect(last.cause == .itself)
            #expect(last.token == first.token)
        }
        #expect(cluster.hosts[host]?.guardProcess?.kept.isEmpty == true, "G7: settled")
    }

    @Test("S2, S3, C1: the job of a machine that died runs elsewhere after T, with a higher token")
    func takeOver() throws {
        var (cluster, host) = try self.running()
        let first = try #require(cluster.run(of: self.job, on: host))
        let died = cluster.now
        cluster.crashMachine(host)
        let moved = cluster.run(
            until: { [job] in $0.runners(of: job).count == 1 }, within: .seconds(9))
        #expect(moved)
        let other = try #require(cluster.runners(of: self.job).first)
        #expect(other != host)
        #expect(try #require(cluster.run(of: self.job, on: other)).token > first.token)
        // A heartbeat is at most one period old when its host dies.
        let took = Duration.nanoseconds(cluster.now - died)
        #expect(took > .seconds(4.8) && took < .seconds(6.5), "took \(took)")
    }

    @Test("S5, G3: a host cut off from both others is fenced before they take its job over")
    func partition() throws {
        var (cluster, host) = try self.running()
        cluster.passes = { _, from, to in from != host && to != host }
        let fenced = cluster.run(
            until: { [job] in $0.runners(of: job).isEmpty }, within: .seconds(6))
        #expect(fenced)
        let moved = cluster.run(
            until: { [job] in $0.runners(of: job).count == 1 }, within: .seconds(4))
        #expect(moved)
        #expect(cluster.runners(of: self.job) != [host])
        cluster.passes = { _, _, _ in true }
        let back = cluster.run(until: { $0.isServing(host) }, within: .seconds(5))
        #expect(back, "the host comes back under a new epoch")
    }

    @Test("S11, G7: a restarted agent adopts what runs; no child restarts")
    func adoption() throws {
        var (cluster, host) = try self.running()
        let before = try #require(cluster.run(of: self.job, on: host))
        cluster.crashAgent(host)
        cluster.run(for: .seconds(1))
        cluster.start(host)
        let back = cluster.run(until: { $0.isServing(host) }, within: .seconds(3))
        #expect(back)
        cluster.run(for: .seconds(20))
        #expect(cluster.run(of: self.job, on: host) == before)
        #expect(cluster.launches.count == 1)
        cluster.exit(self.job, on: host, code: 0)
        let again = cluster.run(until: { $0.launches.count == 2 }, within: .seconds(2))
        #expect(again, "the adopted run can still be vacated")
    }

    @Test("G7: what exits while the agent is away is reported with its true status")
    func exitWhileAway() throws {
        var (cluster, host) = try self.running()
        let first = try #require(cluster.run(of: self.job, on: host))
        cluster.crashAgent(host)
        cluster.run(for: .milliseconds(100))
        cluster.exit(self.job, on: host, code: 42)
        cluster.run(for: .milliseconds(100))
        cluster.start(host)
        let vacated = cluster.run(
            until: { [job] in $0.known(job, on: host)?.last != nil }, within: .seconds(3))
        #expect(vacated)
        let last = try #require(cluster.known(self.job, on: host)?.last)
        #expect(last.token == first.token)
        #expect(last.how == .exited(code: 42))
    }

    @Test("S10: a guard told to end gives its keys to others in far less than T")
    func release() throws {
        var (cluster, host) = try self.running()
        cluster.terminateGuard(host)
        let moved = cluster.run(
            until: { [job] in $0.runners(of: job).count == 1 }, within: .seconds(1))
        #expect(moved)
        #expect(cluster.runners(of: self.job) != [host])
        #expect(cluster.released.contains(host))
    }

    @Test("S10: a guard that dies under a living agent frees its keys in far less than T")
    func guardDies() throws {
        var (cluster, host) = try self.running()
        cluster.replaceGuard(host)
        let runs = cluster.run(
            until: { [job] in $0.runners(of: job).count == 1 }, within: .seconds(2))
        #expect(runs)
    }

    @Test("C2: a record that names a session which knows nothing of it is vacated, not launched")
    func unknownClaim() throws {
        var (cluster, host) = try self.running()
        cluster.exit(self.job, on: host, code: 1)
        // The agent dies after the claim was chosen and before its guard heard of the launch.
        cluster.launchDelay = .seconds(5)
        let claimed = cluster.run(
            until: { [job] in
                $0.known(job, on: name("a"))?.holder?.phase == .starting
                    && $0.known(job, on: name("a"))?.last != nil
            },
            within: .seconds(2))
        #expect(claimed)
        let holder = try #require(cluster.known(self.job, on: name("a"))?.holder?.session.host)
        cluster.crashAgent(holder)
        cluster.start(holder)
        cluster.launchDelay = .milliseconds(1)
        let runs = cluster.run(
            until: { [job] in $0.runners(of: job).count == 1 }, within: .seconds(5))
        #expect(runs)
        #expect(cluster.launches.count == 2)
    }

    @Test("P4: a whole cluster that lost its power at once still knows what was chosen")
    func powerFailure() throws {
        var (cluster, _) = try self.running()
        let token = try #require(cluster.known(self.job, on: name("a"))?.token)
        for host in Cluster.names { cluster.crashMachine(host) }
        cluster.run(for: .seconds(1))
        for host in Cluster.names {
            cluster.hosts[host]?.guardProcess = TestGuard()
            cluster.start(host)
        }
        let runs = cluster.run(
            until: { [job] in $0.runners(of: job).count == 1 }, within: .seconds(12))
        #expect(runs)
        #expect(cluster.launches.last.map { $0.name.token > token } ?? false)
    }

    @Test("a cluster of one host works alone")
    func alone() throws {
        var cluster = Cluster(size: 1)
        cluster.start()
        _ = cluster.answer(.change(self.job, .declare(self.spec)), at: name("a"))
        let isUp = cluster.run(until: { $0.isServing(name("a")) }, within: .seconds(2))
        try #require(isUp)
        _ = cluster.answer(.change(self.job, .declare(self.spec)), at: name("a"))
        let runs = cluster.run(
            until: { [job] in $0.runners(of: job).count == 1 }, within: .seconds(2))
        #expect(runs)
        cluster.exit(self.job, on: name("a"), code: 1)
        let again = cluster.run(until: { $0.launches.count == 2 }, within: .seconds(1))
        #expect(again)
    }
}
