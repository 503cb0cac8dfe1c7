import Glibc
import HoldfastAPI
import HoldfastCore
import Testing

extension EndToEndTests {
    @Suite("Agent restart")
    struct AgentRestartTests {
        @Test(
            "Children run on, unnoticed, while their agent is killed, ended and started again (G7, S11)",
            .timeLimit(.minutes(1)))
        func survival() throws {
            try Cluster.runFormed { cluster in
                var (command, log) = cluster.witness("web")
                try cluster.apply("  web: {command: \(command)}\n")
                let run = try cluster.waitUntilRunning("web")
                let holder = try cluster[run.host ?? ""]
                let other = try #require(cluster.hosts.first { $0.name != holder.name })
                for number in [SIGKILL, SIGTERM, SIGKILL] {
                    holder.agent?.signal(number)
                    let end = try #require(holder.agent).waitForEnd(5)
                    try #require(end == (number == SIGTERM ? .exited(0) : .signalled(SIGKILL)))
                    Instant.pause(0.2)
                    try holder.startAgent()
                    try cluster.waitUntilServing()
                    for host in [holder, other] {
                        let now = try cluster.waitUntilRunning("web", at: host)
                        try #require(now.pid == run.pid)
                        try #require(now.token == run.token)
                        try #require(now.restarts == 0)
                        try #require(now.last == nil)
                    }
                }
                log.look()
                try #require(log.violations == [])
                try #require(log.runs.count == 1)
            }
        }

        @Test(
            "An exit while the agent is away is reported with its true status (G7)",
            .timeLimit(.minutes(1)))
        func exitInBetween() throws {
            try Cluster.runFormed { cluster in
                let (command, _) = cluster.witness("web")
                try cluster.apply("  web: {command: \(command), restart: never}\n")
                let run = try cluster.waitUntilRunning("web")
                let holder = try cluster[run.host ?? ""]
                holder.killAgent()
                kill(try #require(run.pid), SIGUSR1)
                try Instant.wait(5, until: "the child to be gone") {
                    !ProcessTable.isAlive(run.pid ?? 0)
                }
                Instant.pause(0.1)
                try holder.startAgent()
                let after = try cluster.wait("web", for: .finished, at: holder)
                try #require(after.last?.how == .exited)
                try #require(after.last?.code == 42)
                try #require(after.last?.token == run.token)
                try #require(after.last?.host == holder.name)
            }
        }

        @Test(
            "A run that was asked to stop while its agent is away is stopped when the agent is back (G7, C2)",
            .timeLimit(.minutes(1)))
        func stopInBetween() throws {
            try Cluster.runFormed { cluster in
                let (command, _) = cluster.witness("web")
                try cluster.apply("  web: {command: \(command)}\n")
                let run = try cluster.waitUntilRunning("web")
                let holder = try cluster[run.host ?? ""]
                let other = try #require(cluster.hosts.first { $0.name != holder.name })
                holder.killAgent()
                _ = try other.api.stop(Key("web"), wait: nil)
                try #require(ProcessTable.isAlive(run.pid ?? 0))
                try holder.startAgent()
                let after = try cluster.wait("web", for: .stopped, at: other)
                try #require(after.last?.how == .stopped)
                try #require(!ProcessTable.isAlive(run.pid ?? 0))
            }
        }
    }
}
