import Glibc
import HoldfastAPI
import Testing

extension EndToEndTests {
    @Suite("Launches that fail")
    struct LaunchFailureTests {
        struct Impossible: CustomTestStringConvertible {
            let name: String
            let job: String
            let reason: String

            var testDescription: String { self.name }
        }

        static let all = [
            Impossible(
                name: "user", job: "command: [sleep, '1'], user: nobody-of-that-name",
                reason: "nobody-of-that-name"),
            Impossible(
                name: "group", job: "command: [sleep, '1'], group: no-such-group",
                reason: "no-such-group"),
            Impossible(
                name: "command", job: "command: [no-such-command]", reason: "no-such-command"),
            Impossible(
                name: "path", job: "command: [/no/such/path]", reason: "No such file or directory"),
            Impossible(name: "mode", job: "command: [/etc/passwd]", reason: "Permission denied"),
            Impossible(name: "format", job: "command: [FOLDER/text]", reason: "Exec format error"),
            Impossible(
                name: "directory", job: "command: [sleep, '1'], directory: /no/such/folder",
                reason: "No such file or directory"),
        ]

        @Test(
            "What cannot be launched says why, is tried by other hosts, and ever less often (C3)",
            .timeLimit(.minutes(2)))
        func impossible() throws {
            try Cluster.runFormed { cluster in
                try TestFile.write(
                    "neither a script nor a program\n", to: cluster.scratch.path + "/text")
                chmod(cluster.scratch.path + "/text", 0o755)
                let jobs = Self.all.map { each in
                    let job = each.job.replacing("FOLDER", with: cluster.scratch.path)
                    return
                        "  \(each.name): {\(job), restart: {delay: 100ms, max_delay: 400ms, give_up: 5 in 1m}}\n"
                }
                let start = Instant.now()
                try cluster.apply(jobs.joined())
                var hosts: [String: Set<String>] = [:]
                var failed: [String: Double] = [:]
                try Instant.wait(30, every: 0.03, until: "all to be given up") {
                    for key in try cluster.hosts[0].api.keys().keys {
                        guard let last = key.last else { continue }
                        hosts[key.key, default: []].insert(last.host)
                        if key.state == .failed, failed[key.key] == nil {
                            failed[key.key] = Instant.now() - start
                        }
                        try #require(key.pid == nil)
                    }
                    return failed.count == Self.all.count
                }
                for each in Self.all {
                    let key = try cluster.whereis(each.name, at: cluster.hosts[1])
                    try #require(key.last?.how == .failedToStart, "\(each.name)")
                    #expect(
                        key.last?.reason?.contains(each.reason) == true,
                        "\(each.name): \(key.last?.reason ?? "")")
                    #expect(
                        hosts[each.name]?.count ?? 0 > 1, "\(each.name): \(hosts[each.name] ?? [])")
                    // 100 + 200 + 400 + 400 ms between five attempts.
                    #expect(failed[each.name] ?? 0 > 1.0, "\(each.name)")
                }
                try #require(cluster.hosts.allSatisfy { $0.groups?.nestCount ?? 0 == 0 })
            }
        }
    }
}
