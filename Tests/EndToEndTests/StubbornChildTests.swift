import Glibc
import HoldfastAPI
import HoldfastCore
import Testing

extension EndToEndTests {
    /// Children that do not want to end: a whole tree is stopped and accounted for (G6).
    @Suite("Stubborn children")
    struct StubbornChildTests {
        struct Stubborn: CustomTestStringConvertible {
            let name: String
            let line: String
            /// Whether its main process ends by SIGTERM.
            let obeys: Bool

            var testDescription: String { self.name }
        }

        static let all = [
            Stubborn(
                name: "ignores SIGTERM", line: "trap \"\" TERM; while :; do sleep 0.05; done",
                obeys: false),
            Stubborn(
                name: "double-forks",
                line: "setsid sh -c \"setsid sleep 1000 & setsid sleep 1000 &\"; exec sleep 1000",
                obeys: true),
            Stubborn(
                name: "forks without end",
                line: "while :; do setsid sh -c \"sleep 1000 & sleep 1000 &\"; done", obeys: true),
            Stubborn(
                name: "closes its descriptors", line: "exec <&- >&- 2>&-; exec sleep 1000",
                obeys: true),
            Stubborn(
                name: "leaves a daemon that ignores SIGTERM",
                line: "setsid sh -c \"trap : TERM; while :; do sleep 1; done\" & exec sleep 1000",
                obeys: true),
        ]

        @Test(
            "Nothing of a child is left after its stop, and its end is recorded (G6)",
            .timeLimit(.minutes(1)), arguments: ["cgroup", "subreaper"])
        func stop(_ containment: String) throws {
            guard containment != "cgroup" || Privilege.canMakeControlGroups else { return }
            let options = Cluster.Options(size: 1, containment: containment)
            try Cluster.runFormed(options) { cluster in
                let host = cluster.hosts[0]
                for (number, child) in Self.all.enumerated() {
                    let key = "child\(number)"
                    try cluster.apply(
                        "  \(key): {shell: '\(child.line)', stop: {grace: 200ms}, env: {MARK: \(cluster.scratch.path)/mark}}\n"
                    )
                    let run = try cluster.waitUntilRunning(key)
                    Instant.pause(0.3)
                    try #require(try cluster.whereis(key, at: host).pid == run.pid)
                    let asked = Instant.now()
                    let after = try host.api.stop(Key(key), wait: .seconds(20))
                    try #require(after.state == .stopped, "\(child.name)")
                    try #require(after.last?.how == .stopped, "\(child.name)")
                    try #require(
                        after.last?.signal == (child.obeys ? SIGTERM : SIGKILL), "\(child.name)")
                    #expect(Instant.now() - asked < 10, "\(child.name)")
                    let left = ProcessTable.find("MARK=\(cluster.scratch.path)/mark")
                    try #require(left == [], "\(child.name)")
                    if containment == "cgroup" {
                        try #require(host.groups?.processes == [], "\(child.name)")
                        try #require(host.groups?.nestCount == 0, "\(child.name)")
                    }
                }
            }
        }

        @Test(
            "A child has ended only when all that it left behind has, and then with its own status (G6)",
            .timeLimit(.minutes(1)))
        func orphans() throws {
            try Cluster.runFormed(Cluster.Options(size: 1)) { cluster in
                let mark = cluster.scratch.path + "/mark"
                try cluster.apply(
                    "  leaver: {shell: 'setsid sleep 1000 & exit 5', restart: never, env: {MARK: \(mark)}}\n"
                )
                let after = try cluster.wait("leaver", for: .finished)
                try #require(after.last?.how == .exited)
                try #require(after.last?.code == 5)
                try #require(ProcessTable.find("MARK=\(mark)") == [])
            }
        }

        @Test(
            "A child that fills its output fills no disk, and neither it nor its agent stops for it",
            .timeLimit(.minutes(1)))
        func output() throws {
            try Cluster.runFormed(Cluster.Options(size: 1)) { cluster in
                let host = cluster.hosts[0]
                let start = Instant.now()
                try cluster.apply(
                    "  loud: {shell: 'yes | head -c 100000000; echo done; exec sleep 1000', logs: {to: file, size: 1M, count: 3}}\n"
                )
                let run = try cluster.waitUntilRunning("loud")
                var slowest = 0.0
                try Instant.wait(40, until: "all of the output to be read") {
                    let asked = Instant.now()
                    _ = try host.api.status()
                    slowest = max(slowest, Instant.now() - asked)
                    return TestFile.read(host.folder + "/logs/loud.log").hasSuffix("done\n")
                }
                Figure.tell("100 MB of output", Instant.now() - start)
                Figure.tell("slowest answer of the API meanwhile", slowest)
                let names = ["loud.log", "loud.log.1", "loud.log.2", "loud.log.3"]
                let sizes = names.map { TestFile.size(host.folder + "/logs/" + $0) }
                try #require(sizes[...2].allSatisfy { $0 <= 1 << 20 })
                try #require(sizes[3] == 0)
                let now = try cluster.whereis("loud", at: host)
                try #require(now.pid == run.pid)
                try #require(now.state == .running)
                #expect(slowest < 1)
            }
        }
    }
}
