import Foundation
import HoldfastAPI
import HoldfastCore
import Testing

extension EndToEndTests {
    @Suite("Ordinary user")
    struct OrdinaryUserTests {
        private static let setpriv = "/usr/bin/setpriv"
        private static let nobody: UInt32 = 65_534

        @Test(
            "An ordinary user runs the main job with the containment that is then possible, and is told so (G9)",
            .enabled(if: !Privilege.isRoot || TestFile.exists(Self.setpriv)),
            .timeLimit(.minutes(2)))
        func mainJob() throws {
            let options = Cluster.Options(userID: Privilege.isRoot ? Self.nobody : nil)
            try Cluster.run(options) { cluster in
                if Privilege.isRoot { try Self.handOver(cluster) }
                try cluster.start()
                let status = try cluster.hosts[0].api.status()
                print("ordinary user: containment \(status.containment)")
                #expect(status.containment == "cgroup" || !status.warnings.isEmpty)
                var (command, log) = cluster.witness("web")
                if Privilege.isRoot {
                    command = command.replacing(
                        Programs.witness, with: cluster.scratch.path + "/holdfast-witness")
                }
                try cluster.apply("  web: {command: \(command), restart: {delay: 0s}}\n")
                let first = try cluster.waitUntilRunning("web")
                kill(try #require(first.pid), SIGKILL)
                let second = try cluster.waitUntilRunning("web", above: first.token ?? 0)
                try #require(second.last?.signal == SIGKILL)

                let holder = try cluster[second.host ?? ""]
                let other = try #require(cluster.hosts.first { $0.name != holder.name })
                holder.kill()
                let third = try cluster.waitUntilRunning(
                    "web", above: second.token ?? 0, at: other)
                try #require(third.host != holder.name)
                log.look()
                try #require(log.violations == [])

                let stopped = try other.api.stop(Key("web"), wait: .seconds(10))
                try #require(stopped.state == .stopped)
                try #require(!ProcessTable.isAlive(third.pid ?? 0))

                try cluster.apply(
                    "  root: {command: [id], user: root, restart: never}\n", at: other)
                let refused = try cluster.wait("root", for: .finished, at: other)
                try #require(refused.last?.how == .failedToStart)
            }
        }

        @Test(
            "A data directory that may not be written ends the agent with its name",
            .enabled(if: !Privilege.isRoot || TestFile.exists(Self.setpriv)),
            .timeLimit(.minutes(1)))
        func unwritable() throws {
            let options = Cluster.Options(
                size: 1, userID: Privilege.isRoot ? Self.nobody : nil)
            try Cluster.run(options) { cluster in
                if Privilege.isRoot { try Self.handOver(cluster) }
                let host = cluster.hosts[0]
                for data in ["/usr/holdfast-test", "/usr"] {
                    try TestFile.write(
                        cluster.configuration(of: host, more: "data: \(data)"), to: host.file)
                    try host.startAgent()
                    try #require(host.agent?.waitForEnd(10) == .exited(77), "\(data)")
                    let said = TestFile.read(host.agentLog)
                    #expect(said.contains(data) && said.contains("permission denied"), "\(said)")
                }
            }
        }

        /// Gives the folders to that user, and the programs a place that it can reach.
        private static func handOver(_ cluster: Cluster) throws {
            let folder = cluster.scratch.path
            for program in [Programs.agent, Programs.guardProgram, Programs.witness] {
                let name = program.split(separator: "/").last.map(String.init) ?? ""
                try FileManager.default.copyItem(atPath: program, toPath: folder + "/" + name)
            }
            chown(folder, Self.nobody, Self.nobody)
            for host in cluster.hosts {
                chown(host.folder, Self.nobody, Self.nobody)
                chown(host.file, Self.nobody, Self.nobody)
                host.programs = (folder + "/holdfastd", folder + "/holdfast-guard")
                host.prefix = [
                    Self.setpriv, "--reuid", "\(Self.nobody)", "--regid", "\(Self.nobody)",
                    "--clear-groups",
                ]
            }
        }
    }
}
