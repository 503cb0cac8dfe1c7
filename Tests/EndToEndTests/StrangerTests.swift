import Glibc
import HoldfastAPI
import Testing

extension EndToEndTests {
    /// Bytes that nobody should send: that connection ends, and nothing else happens.
    @Suite("Strangers")
    struct StrangerTests {
        private static func garbage(_ chance: inout Chance) -> [[UInt8]] {
            let random = (0..<5).map { _ in
                (0..<Int.random(in: 1...5000, using: &chance)).map { _ in
                    UInt8.random(in: 0...255, using: &chance)
                }
            }
            let greeting = Array("HOLDFAST".utf8)
            return random + [
                [], [0], greeting, greeting + [1, 0], greeting + [255, 255, 255, 255],
                [255, 255, 255, 127] + greeting, [0, 0, 0, 0], [0, 0, 16, 0] + greeting,
                Array("GET / HTTP/1.1\r\n\r\n".utf8),
                Array(
                    "GET /v1/keys/\(String(repeating: "a", count: 100_000)) HTTP/1.1\r\n\r\n".utf8),
                Array(
                    "PUT /v1/jobs HTTP/1.1\r\nhost: x\r\ncontent-length: 99999999999\r\n\r\n{".utf8),
                Array(
                    "PUT /v1/jobs HTTP/1.1\r\nhost: x\r\ntransfer-encoding: chunked\r\n\r\nzz\r\n"
                        .utf8),
                [UInt8](repeating: 0x41, count: 3_000_000),
            ]
        }

        @Test(
            "Garbage at the peer port, at the API and at the guard ends only the connection that brought it",
            .timeLimit(.minutes(3)))
        func garbage() throws {
            var chance = Chance()
            print("strangers: HOLDFAST_SEED=\(chance.seed)")
            let garbage = Self.garbage(&chance)
            try Cluster.runFormed { cluster in
                var (command, log) = cluster.witness("web")
                try cluster.apply("  web: {command: \(command)}\n")
                let run = try cluster.waitUntilRunning("web")
                let host = try cluster[run.host ?? ""]
                let agent = host.agent?.processID
                for bytes in garbage {
                    for stranger in [
                        try Stranger(port: host.port), try Stranger(path: host.socket),
                    ] {
                        stranger.send(bytes)
                        if bytes.count > 20_000 {
                            #expect(stranger.isClosed, "\(bytes.prefix(20))")
                        }
                    }
                }
                for bytes in garbage where !bytes.isEmpty {
                    let stranger = try Stranger(path: host.guardSocket, packets: true)
                    stranger.send(Array(bytes.prefix(100_000)))
                    #expect(stranger.isClosed, "\(bytes.prefix(20))")
                }
                try cluster.waitUntilServing()
                let after = try cluster.waitUntilRunning("web")
                try #require(after.token == run.token)
                try #require(after.pid == run.pid)
                try #require(host.agent?.isAlive == true)
                try #require(host.guardProcess?.isAlive == true)
                try #require(host.agent?.processID == agent)
                log.look()
                try #require(log.violations == [])
                try #require(log.runs.count == 1)
                let said = TestFile.read(host.agentLog) + TestFile.read(host.guardLog)
                #expect(said.contains("a connection from elsewhere was closed"))
                #expect(said.contains("a request to the API was refused"))
                #expect(said.contains("a connection sent what is no request; closed"))
            }
        }

        @Test(
            "Hundreds of connections that say nothing keep nobody from serving",
            .timeLimit(.minutes(1)))
        func silence() throws {
            try Cluster.runFormed { cluster in
                try cluster.apply("  web: {command: [sleep, '1000']}\n")
                let run = try cluster.waitUntilRunning("web")
                let host = try cluster[run.host ?? ""]
                let silent = try (0..<200).map { _ in try Stranger(port: host.port) }
                let mute = try (0..<100).map { _ in try Stranger(path: host.socket) }
                Instant.pause(cluster.term * 1.5)
                let after = try cluster.waitUntilRunning("web", at: host)
                try #require(after.token == run.token)
                try #require(after.pid == run.pid)
                withExtendedLifetime((silent, mute)) {}
            }
        }
    }
}
