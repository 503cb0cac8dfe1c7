import Glibc
import HoldfastAPI
import HoldfastCore
import HoldfastSpec
import Testing

extension EndToEndTests {
    /// Goal: nothing that was acknowledged is lost, and no token is given twice.
    ///
    /// Method: users change keys of their own through every host, while agents are killed one
    /// after the other; every answer is checked by a question to another host.
    @Suite("Load")
    struct LoadTests {
        private static let workerCount = 6
        private static let keysPerWorker = 4

        /// `HOLDFAST_LOAD_SECONDS`, by default few.
        private static var seconds: Double {
            getenv("HOLDFAST_LOAD_SECONDS").flatMap { Double(String(cString: $0)) } ?? 10
        }

        @Test(
            "Agents are killed in a loop under load: no acknowledged change is lost, no token repeats (P2, P4, P9, P12, C1)",
            .timeLimit(.minutes(60)))
        func killed() throws {
            var chance = Chance()
            print("load: HOLDFAST_SEED=\(chance.seed) HOLDFAST_LOAD_SECONDS=\(Self.seconds)")
            try Cluster.runFormed { cluster in
                var logs: [Key: WitnessLog] = [:]
                var workers: [LoadWorker] = []
                for number in 0..<Self.workerCount {
                    var keys: [(key: Key, job: JobDocument)] = []
                    for index in 0..<Self.keysPerWorker {
                        let name = "key\(number).\(index)"
                        let (command, log) = cluster.witness(name, "--every 20")
                        let file = try JobsFile.read(
                            text:
                                "version: 1\njobs:\n  j: {command: \(command), restart: {delay: 10ms}}\n",
                            file: "jobs.yaml")
                        let spec = try #require(file.jobs.first).spec
                        keys.append((try Key(name), JobDocument(spec)))
                        logs[try Key(name)] = log
                    }
                    workers.append(
                        LoadWorker(cluster.hosts.map(\.api), keys, seed: chance.next()))
                }
                let end = Instant.now() + Self.seconds
                let crowd = Crowd(workers.count) { [workers] number in
                    var worker = workers[number]
                    return worker.work(until: end)
                }
                let kills = try Self.killAgents(cluster, until: end, &chance)
                let reports = crowd.join()
                try cluster.waitUntilServing()
                try Self.judge(reports, &logs, cluster)
                let acknowledged = reports.map(\.acknowledged).reduce(0, +)
                let unknown = reports.map(\.unknown).reduce(0, +)
                let refused = reports.map(\.refused).reduce(0, +)
                print(
                    "load: \(kills) agents killed, \(acknowledged) changes acknowledged, "
                        + "\(unknown) unknown, \(refused) refused, "
                        + "\(reports.map(\.checks).reduce(0, +)) answers checked, "
                        + "\(logs.values.map(\.runs.count).reduce(0, +)) runs")
                try #require(acknowledged > 20)
            }
        }

        private static func killAgents(
            _ cluster: Cluster, until end: Double, _ chance: inout Chance
        ) throws -> Int {
            var count = 0
            while Instant.now() < end {
                let host = cluster.hosts[Int.random(in: 0..<3, using: &chance)]
                host.killAgent()
                count += 1
                Instant.pause(Double.random(in: 0...0.3, using: &chance))
                try host.startAgent()
                Instant.pause(Double.random(in: 0.1...0.8, using: &chance))
            }
            return count
        }

        private static func judge(
            _ reports: [LoadWorker.Report], _ logs: inout [Key: WitnessLog], _ cluster: Cluster
        ) throws {
            try #require(reports.flatMap(\.violations) == [])
            let client = cluster.hosts[0].api
            for (key, wanted) in reports.flatMap({ Array($0.expected) }) {
                try #require(LoadWorker.wanted(key, client) == wanted, "\(key)")
                switch wanted {
                case .running:
                    let run = try cluster.waitUntilRunning(key.text)
                    try #require(ProcessTable.isAlive(run.pid ?? 0), "\(key)")
                case .stopped, .absent:
                    try Instant.wait(10, until: "'\(key)' to have ended") {
                        let document = try? client.whereis(key, WhereisQuestion())
                        return document?.host == nil
                    }
                }
            }
            try Self.requireDistinctTokens(cluster)
            for key in logs.keys.sorted() {
                logs[key]?.look()
                try #require(logs[key]?.violations == [], "\(key)")
            }
        }

        /// P12: what all hosts tell of who got which token.
        private static func requireDistinctTokens(_ cluster: Cluster) throws {
            var owners: [String: String] = [:]
            for host in cluster.hosts {
                for event in try host.api.events(since: nil).events where event.kind == "claimed" {
                    guard let key = event.key, let token = event.token, let owner = event.host
                    else { continue }
                    let earlier = owners.updateValue(owner, forKey: "\(key) \(token)")
                    try #require(earlier == nil || earlier == owner, "\(key) \(token)")
                }
            }
        }
    }
}
