import Glibc
import HoldfastAPI
import HoldfastCore
import Testing

extension EndToEndTests {
    @Suite("Guard replacement")
    struct GuardReplacementTests {
        /// How children can be held here.
        static var classes: [String] {
            (Privilege.canMakeControlGroups ? ["cgroup"] : []) + ["subreaper", "group"]
        }

        @Test(
            "A guard's program is replaced in place: no child restarts, no session ends (G7)",
            .timeLimit(.minutes(1)), arguments: classes)
        func survival(_ containment: String) throws {
            try Cluster.runFormed(.init(containment: containment)) { cluster in
                var (command, log) = cluster.witness("web")
                try cluster.apply("  web: {command: \(command)}\n")
                let run = try cluster.waitUntilRunning("web")
                let holder = try cluster[run.host ?? ""]
                let other = try #require(cluster.hosts.first { $0.name != holder.name })
                let guardProcess = try #require(holder.guardProcess)
                let epoch = try holder.api.status().session.epoch
                for count in 1...4 {
                    // Longer than a lease, so that it must be renewed through the new image.
                    guardProcess.signal(SIGHUP)
                    Instant.pause(cluster.term * 1.2)
                    try #require(guardProcess.isAlive)
                    let lines = TestFile.read(holder.guardLog).split(separator: "\n")
                    try #require(lines.count { $0.contains("took over") } == count)
                    for host in [holder, other] {
                        let now = try cluster.waitUntilRunning("web", at: host)
                        try #require(now.pid == run.pid)
                        try #require(now.token == run.token)
                        try #require(now.restarts == 0)
                    }
                    let session = try holder.api.status().session
                    try #require(session.epoch == epoch)
                    try #require(session.state == "open")
                }
                log.look()
                try #require(log.violations == [])
                try #require(log.runs.count == 1)
                // Never paused, as it would be with nobody renewing.
                try #require(log.runs[0].longestPause < 1)
            }
        }
    }
}
