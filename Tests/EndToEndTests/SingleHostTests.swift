import Glibc
import HoldfastAPI
import Testing

extension EndToEndTests {
    @Suite("One host alone")
    struct SingleHostTests {
        @Test(
            "A cluster of one runs its jobs alone, keeps them over a restart and gives none away",
            .timeLimit(.minutes(1)))
        func alone() throws {
            try Cluster.runFormed(Cluster.Options(size: 1)) { cluster in
                let host = cluster.hosts[0]
                var (command, log) = cluster.witness("web")
                try cluster.apply("  web: {command: \(command)}\n")
                let first = try cluster.waitUntilRunning("web")
                host.killAgent()
                try host.startAgent()
                try cluster.waitUntilServing()
                try #require(try cluster.waitUntilRunning("web").pid == first.pid)

                let ends = try host.stop()
                try #require(ends.guardEnd == "exit status 0")
                try #require(ends.agentEnd == "exit status 0")
                try #require(!ProcessTable.isAlive(first.pid ?? 0))
                try #require(host.remains == [])
                try host.start()
                let second = try cluster.waitUntilRunning("web", above: first.token ?? 0)
                try #require(second.last?.token == first.token)

                host.kill()
                let killed = Instant.now()
                try host.start()
                let third = try cluster.waitUntilRunning("web", above: second.token ?? 0)
                try Instant.wait(5, until: "its first line") {
                    log.look()
                    return log.newest?.token == third.token
                }
                try #require(log.violations == [])
                Figure.tell(
                    "one host killed and started, its job runs again (T \(cluster.term) s)",
                    (log.newest?.first ?? 0) - killed)
            }
        }
    }
}
