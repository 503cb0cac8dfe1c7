import Glibc
import HoldfastAPI
import HoldfastCore
import HoldfastSpec
import Testing

extension EndToEndTests {
    @Suite("Lifecycle of a key")
    struct LifecycleTests {
        @Test(
            "An on-demand key is started by the first whereis that asks for it, and by none that only looks",
            .timeLimit(.minutes(1)))
        func onDemand() throws {
            try Cluster.runFormed { cluster in
                try cluster.apply("  lazy: {command: [sleep, '1000'], start: on-demand}\n")
                let (first, second) = (cluster.hosts[0], cluster.hosts[1])
                Instant.pause(0.5)
                try #require(try cluster.whereis("lazy", at: second).state == .stopped)
                let key = try Key("lazy")
                let run = try second.api.whereis(
                    key, WhereisQuestion(start: true, wait: .seconds(10)))
                try #require(run.state == .running)
                try #require(ProcessTable.isAlive(run.pid ?? 0))
                let again = try first.api.whereis(
                    key, WhereisQuestion(start: true, wait: .seconds(10)))
                try #require(again.token == run.token)
                try #require(again.pid == run.pid)
            }
        }

        @Test(
            "A second run of a key starts nothing and says where the first one runs",
            .timeLimit(.minutes(1)))
        func runTwice() throws {
            try Cluster.runFormed { cluster in
                let job = try Self.job("{command: [sleep, '1000']}")
                let key = try Key("report")
                let first = try cluster.hosts[0].api.run(key, job, wait: .seconds(10))
                try #require(first.state == .running)
                for host in cluster.hosts {
                    let again = try host.api.run(key, job, wait: .seconds(10))
                    try #require(again.token == first.token)
                    try #require(again.host == first.host)
                    try #require(again.pid == first.pid)
                }
            }
        }

        @Test(
            "Nine simultaneous runs of one key start one process (C1)", .timeLimit(.minutes(1)))
        func runAtOnce() throws {
            try Cluster.runFormed { cluster in
                let log = cluster.scratch.path + "/starts"
                let job = try Self.job(
                    "{shell: 'echo $HOLDFAST_TOKEN >> \(log); exec sleep 1000', restart: never}")
                let clients = cluster.hosts.map(\.api)
                let crowd = Crowd(9) { number in
                    try? clients[number % 3].run(Key("one"), job, wait: .seconds(10)).token
                }
                let tokens = crowd.join()
                let first = try #require(tokens[0])
                try #require(tokens.allSatisfy { $0 == first })
                try #require(TestFile.read(log) == "\(first)\n")
            }
        }

        @Test(
            "A key is stopped, started, restarted and deleted from any host, its process with it",
            .timeLimit(.minutes(1)))
        func stopStartRestartDelete() throws {
            try Cluster.runFormed { cluster in
                let hosts = cluster.hosts
                let key = try Key("web")
                try cluster.apply("  web: {command: [sleep, '1000']}\n")
                let first = try cluster.waitUntilRunning("web")

                let stopped = try hosts[1].api.stop(key, wait: .seconds(10))
                try #require(stopped.state == .stopped)
                try #require(stopped.wanted == .stopped)
                try #require(stopped.last?.how == .stopped)
                try #require(!ProcessTable.isAlive(first.pid ?? 0))

                let second = try hosts[2].api.start(key, wait: .seconds(10))
                try #require(second.state == .running)
                try #require(second.token ?? 0 > first.token ?? 0)

                let third = try hosts[0].api.restart(key, wait: .seconds(10))
                try #require(third.state == .running)
                try #require(third.token ?? 0 > second.token ?? 0)
                try #require(!ProcessTable.isAlive(second.pid ?? 0))

                _ = try hosts[1].api.delete(key)
                let failure = #expect(throws: APIFailure.self) {
                    try Instant.wait(10, until: "the key to be forgotten") {
                        _ = try hosts[2].api.whereis(key, WhereisQuestion())
                        return false
                    }
                }
                #expect(failure?.status == 404)
                #expect(!ProcessTable.isAlive(third.pid ?? 0))
            }
        }

        @Test(
            "What follows an end is what the restart policy says, counted by the cluster (C3)",
            .timeLimit(.minutes(1)))
        func policies() throws {
            try Cluster.runFormed { cluster in
                try cluster.apply(
                    """
                      success: {shell: exit 0, restart: on-failure}
                      never: {shell: exit 3, restart: never}
                      failing: {shell: exit 3, restart: {policy: on-failure, delay: 20ms, max_delay: 20ms, give_up: 3 in 1m}}
                      always: {shell: exit 0, restart: {policy: always, delay: 20ms, max_delay: 20ms, give_up: 4 in 1m}}
                    """)
                let success = try cluster.wait("success", for: .finished)
                try #require(success.last?.code == 0)
                let never = try cluster.wait("never", for: .finished)
                try #require(never.last?.code == 3)
                let failing = try cluster.wait("failing", for: .failed)
                try #require(failing.last?.code == 3)
                try #require(failing.restarts == 3)
                let always = try cluster.wait("always", for: .failed)
                try #require(always.last?.code == 0)
                try #require(always.restarts == 4)
                Instant.pause(0.5)
                try #require(try cluster.whereis("failing", at: cluster.hosts[1]).restarts == 3)

                let again = try cluster.hosts[2].api.start(Key("failing"), wait: nil)
                try #require(again.wanted == .running)
                let after = try Instant.wait(10, for: "new attempts after start") {
                    let now = try cluster.whereis("failing", at: cluster.hosts[0])
                    return now.state == .failed && now.last?.token != failing.last?.token
                        ? now : nil
                }
                try #require(after.restarts == 3)
            }
        }

        @Test(
            "A job runs where its labels allow, and moves to no other host when that one is gone (C6)",
            .timeLimit(.minutes(1)))
        func placement() throws {
            try Cluster.runFormed { cluster in
                try cluster.apply(
                    """
                      there: {command: [sleep, '1000'], hosts: {require: {zone: z2}}}
                      rather: {command: [sleep, '1000'], hosts: {prefer: {zone: z3}}}
                    """)
                try #require(try cluster.waitUntilRunning("there").host == "h2")
                try #require(try cluster.waitUntilRunning("rather").host == "h3")
                cluster.hosts[1].kill()
                let waiting = try cluster.wait("there", for: .waiting)
                try #require(waiting.reason != nil)
                Instant.pause(0.5)
                try #require(try cluster.whereis("there", at: cluster.hosts[0]).pid == nil)
                try cluster.hosts[1].start()
                try #require(try cluster.waitUntilRunning("there").host == "h2")
            }
        }

        /// A job as the API takes it, from the file's own form.
        private static func job(_ text: String) throws -> JobDocument {
            let file = try JobsFile.read(
                text: "version: 1\njobs:\n  job: \(text)\n", file: "jobs.yaml")
            return JobDocument(try #require(file.jobs.first).spec)
        }
    }
}
