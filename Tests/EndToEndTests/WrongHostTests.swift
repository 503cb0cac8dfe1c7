import Foundation
import HoldfastAPI
import Testing

extension EndToEndTests {
    /// Hosts that are not what they should be: refused with a clear error, and no harm done.
    @Suite("Wrong hosts")
    struct WrongHostTests {
        @Test(
            "A second host of one name is refused, and the first goes on as if nothing were (S1, S12)",
            .timeLimit(.minutes(2)))
        func twoOfOneName() throws {
            try Cluster.runFormed { cluster in
                var (command, log) = cluster.witness("web")
                try cluster.apply("  web: {command: \(command), hosts: {require: {zone: z1}}}\n")
                let run = try cluster.waitUntilRunning("web")
                let first = cluster.hosts[0]
                let port = try FreePorts.take(1)[0]
                let second = try TestHost("twin", in: cluster.scratch, port: port)
                defer { second.destroy() }
                let text = cluster.configuration(of: first).replacing(
                    ":\(first.port)", with: ":\(port)")
                try TestFile.write(text, to: second.file)
                try second.start()
                Instant.pause(cluster.term * 4)
                let twin = try second.api.status()
                try #require(twin.session.state != "open")
                let after = try cluster.waitUntilRunning("web", at: cluster.hosts[1])
                try #require(after.token == run.token)
                try #require(after.pid == run.pid)
                log.look()
                try #require(log.violations == [])
                try #require(log.runs.count == 1)
                try #require(Instant.now() - (log.newest?.last ?? 0) < 0.5)
                let said = TestFile.read(second.agentLog)
                #expect(said.contains("two hosts have one name"))
            }
        }

        @Test("A host of another cluster is refused (M1)", .timeLimit(.minutes(2)))
        func otherCluster() throws {
            try Cluster.runFormed { cluster in
                try cluster.apply("  web: {command: [sleep, '1000']}\n")
                let run = try cluster.waitUntilRunning("web")
                let holder = try cluster[run.host ?? ""]
                let stray = try #require(cluster.hosts.last { $0.name != holder.name })
                _ = try stray.stop()
                try FileManager.default.removeItem(atPath: stray.folder + "/data")
                try TestFile.write(
                    cluster.configuration(of: stray, cluster: "other"), to: stray.file)
                try stray.start()
                Instant.pause(cluster.term * 2)
                let status = try stray.api.status()
                try #require(status.session.state != "open")
                let rest = cluster.hosts.filter { $0.name != stray.name }
                try cluster.waitUntilServing(rest)
                try #require(try cluster.whereis("web", at: rest[0]).pid == run.pid)
                let said = cluster.hosts.map { TestFile.read($0.agentLog) }.joined()
                #expect(said.contains("other"), "the log names the other cluster")
            }
        }

        @Test(
            "A data directory in use, of another host, copied or not to be had is refused by name (M4)",
            .timeLimit(.minutes(1)))
        func dataDirectories() throws {
            try Cluster.runFormed { cluster in
                let (first, second) = (cluster.hosts[0], cluster.hosts[1])
                func refusal(_ data: String) throws -> (ChildProcess.End?, String) {
                    let host = try TestHost(
                        "x\(UInt32.random(in: 0...9_999_999))", in: cluster.scratch, port: 1)
                    let text = cluster.configuration(of: second, more: "data: \(data)")
                    try TestFile.write(text, to: host.file)
                    try host.startAgent()
                    let end = host.agent?.waitForEnd(10)
                    host.destroy()
                    return (end, TestFile.read(host.agentLog))
                }
                var (end, said) = try refusal(first.folder + "/data")
                #expect(end == .exited(75))
                #expect(said.contains("in use by process \(first.agent?.processID ?? 0)"))

                _ = try first.stop()
                (end, said) = try refusal(first.folder + "/data")
                #expect(end == .exited(78))
                #expect(said.contains("it belongs to host h1, and this host is h2"))

                _ = try second.stop()
                let copy = second.folder + "/copy"
                try FileManager.default.copyItem(atPath: second.folder + "/data", toPath: copy)
                (end, said) = try refusal(copy)
                #expect(end == .exited(78))
                #expect(said.contains(copy) && said.contains("it is a copy"))

                (end, said) = try refusal(second.file + "/data")
                #expect(end == .exited(73))
                #expect(said.contains(second.file + "/data"))

                (end, said) = try refusal("/proc/data")
                #expect(end != .exited(0) && end != nil)
                #expect(said.contains("/proc/data"))
            }
        }

        @Test(
            "A file with unsafe timers, an open address or a mistake starts nothing and says where",
            .timeLimit(.minutes(1)),
            arguments: [
                (
                    "lease: {term: 2s, fence: 1.9s}",
                    "fence + wake_up + kill ≤ term × (1 − ρ) / (1 + ρ)"
                ),
                ("lease: {term: 100ms}", "term must be 1s to 10m"),
                ("listen: 10.1.2.3:7411", "insecure"),
                ("lissen: 127.0.0.1:7411", "did you mean 'listen'"),
                ("cluster: 5", "cluster"),
                ("users: [1, 1]", "given twice"),
            ])
        func files(line: String, message: String) throws {
            try Cluster.run(Cluster.Options(size: 1)) { cluster in
                let host = cluster.hosts[0]
                let field = line.prefix { $0 != ":" }
                var lines = ["name: h1", "cluster: {name: t, size: 1}"]
                lines.removeAll { $0.hasPrefix(field + ":") }
                try TestFile.write((lines + [line]).joined(separator: "\n") + "\n", to: host.file)
                try host.startAgent()
                try #require(host.agent?.waitForEnd(10) == .exited(78))
                let said = TestFile.read(host.agentLog)
                #expect(said.contains("\(host.file):"), "\(said)")
                #expect(said.contains(message), "\(said)")
                #expect(!TestFile.exists(host.folder + "/data"))
                #expect(!TestFile.exists(host.socket))
            }
        }

        @Test(
            "A full disk ends the agent with its name, and its children stay until their deadline (D2, G3)",
            .enabled(if: Privilege.isRoot), .timeLimit(.minutes(1)))
        func fullDisk() throws {
            try Cluster.run(Cluster.Options(term: 4)) { cluster in
                let host = cluster.hosts[0]
                let data = host.folder + "/data"
                mkdir(data, 0o700)
                guard mount("tmpfs", data, "tmpfs", 0, "size=1m") == 0 else {
                    throw Trouble("cannot mount a small disk: \(errno)")
                }
                defer {
                    host.kill()
                    umount2(data, Int32(MNT_DETACH))
                }
                try cluster.start()
                var (command, log) = cluster.witness("web")
                try cluster.apply("  web: {command: \(command), hosts: {require: {zone: z1}}}\n")
                let run = try cluster.waitUntilRunning("web")

                try TestFile.fill(data + "/ballast")
                let agent = try #require(host.agent)
                for number in 0..<400 where agent.isAlive {
                    try? cluster.apply(
                        "  other\(number): {command: [sleep, '1000'], start: on-demand, env: {A: \(String(repeating: "x", count: 3000))}}\n",
                        at: cluster.hosts[1])
                }
                let end = agent.waitForEnd(10)
                let ended = Instant.now()
                try #require(end == .exited(74))
                try #require(ProcessTable.isAlive(run.pid ?? 0))
                log.look()
                try #require(ended - (log.newest?.last ?? 0) < 0.3)
                let said = TestFile.read(host.agentLog)
                #expect(
                    said.contains(data) && said.contains("free some space"), "\(said.suffix(600))")
                Instant.pause(cluster.term)
                log.look()
                let last = log.newest?.last ?? 0
                #expect(last > ended && last < ended + cluster.term)
                try #require(log.violations == [])

                unlink(data + "/ballast")
                try host.startAgent()
                _ = try cluster.waitUntilRunning("web", at: cluster.hosts[1])
                log.look()
                try #require(log.violations == [])
            }
        }
    }
}
