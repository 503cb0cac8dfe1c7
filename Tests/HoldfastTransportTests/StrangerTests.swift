import Glibc
import HoldfastCore
import HoldfastTransport
import Testing

extension TransportTests {
    /// What comes to the peer port from those who do not keep the rules: that connection ends, it is
    /// counted, and nothing else happens.
    @Suite("Strangers at the peer port")
    struct StrangerTests {
        struct Row: CustomTestStringConvertible, Sendable {
            let testDescription: String
            let bytes: [UInt8]
            let rejection: Rejection
            var verdict: UInt8?
        }

        static let table = [
            Row(
                testDescription: "a web browser",
                bytes: Array("GET / HTTP/1.1\r\nHost: a\r\n\r\n".utf8), rejection: .noGreeting),
            Row(
                testDescription: "zeros", bytes: Array(repeating: 0, count: 100),
                rejection: .noGreeting),
            Row(
                testDescription: "a greeting longer than any",
                bytes: Bytes.frame(Array("HOLDFAST".utf8) + Array(repeating: 1, count: 139)),
                rejection: .noGreeting),
            Row(
                testDescription: "wrong magic",
                bytes: Bytes.frame(Array("HOLDFASS".utf8) + [1, 0]), rejection: .noGreeting),
            Row(
                testDescription: "a greeting cut short inside",
                bytes: Bytes.frame(Array(Bytes.greeting("b", to: "a").dropFirst(4).dropLast())),
                rejection: .noGreeting),
            Row(
                testDescription: "a greeting with more behind it",
                bytes: Bytes.frame(Array(Bytes.greeting("b", to: "a").dropFirst(4)) + [0]),
                rejection: .noGreeting),
            Row(
                testDescription: "a name that is none",
                bytes: Bytes.greeting("B", to: "a"), rejection: .noGreeting),
            Row(
                testDescription: "another version", bytes: Bytes.greeting("b", to: "a", version: 2),
                rejection: .refused(.wrongVersion), verdict: 1),
            Row(
                testDescription: "somebody who looks for another host",
                bytes: Bytes.greeting("b", to: "c"), rejection: .refused(.wrongReceiver), verdict: 2
            ),
            Row(
                testDescription: "an unknown host", bytes: Bytes.greeting("x", to: "a"),
                rejection: .refused(.unknownSender), verdict: 3),
            Row(
                testDescription: "somebody with our own name", bytes: Bytes.greeting("a", to: "a"),
                rejection: .refused(.unknownSender), verdict: 3),
            Row(
                testDescription: "a peer with an oversized frame",
                bytes: Bytes.greeting("b", to: "a") + [1, 0, 16, 0, 1],
                rejection: .badLength(1_048_577),
                verdict: 0),
            Row(
                testDescription: "a peer with a frame of 4 GiB",
                bytes: Bytes.greeting("b", to: "a") + [255, 255, 255, 255],
                rejection: .badLength(.max), verdict: 0),
            Row(
                testDescription: "a peer with an empty frame",
                bytes: Bytes.greeting("b", to: "a") + [0, 0, 0, 0], rejection: .badLength(0),
                verdict: 0),
        ]

        @Test("are shown out, told why where they may know, and counted", arguments: table)
        func stranger(row: Row) async throws {
            let a = try await TestHost("a", port: 0, peers: [("b", 1)])
            let connection = try RawSocket(to: a.port)
            connection.send(row.bytes)
            if let verdict = row.verdict { #expect(connection.read(15) == Bytes.answer(verdict)) }
            #expect(connection.isClosedByPeer)
            try await eventually("counted once") { a.recorder.events == [.rejected(row.rejection)] }
            try await self.expectHealth(of: a)
            try await a.stop()
        }

        /// Goal: no bytes whatever do more than end their connection.
        ///
        /// Method: 300 connections, each with a greeting of a peer changed in a few random places,
        /// then a good one. The failure names the seed.
        @Test("random bytes do no harm", arguments: UInt64(1)...2)
        func garbage(seed: UInt64) async throws {
            var random = Randomness(seed: seed)
            let a = try await TestHost("a", port: 0, peers: [("b", 1)])
            for _ in 0..<300 {
                var bytes =
                    Bytes.greeting("b", to: "a") + Bytes.frame([1, 2, 3]) + Bytes.frame([4])
                for _ in 0..<Int.random(in: 1...4, using: &random) {
                    let index = Int.random(in: 0..<bytes.count, using: &random)
                    bytes[index] = .random(in: 0...255, using: &random)
                }
                try RawSocket(to: a.port).send(bytes)
            }
            try await self.expectHealth(of: a, incarnation: 99)
            try await a.stop()
        }

        @Test("a connection that says nothing, or only half a greeting, is closed")
        func silent() async throws {
            let a = try await TestHost("a", port: 0, peers: [("b", 1)])
            let (silent, half) = (try RawSocket(to: a.port), try RawSocket(to: a.port))
            half.send(Array(Bytes.greeting("b", to: "a").dropLast()))
            #expect(silent.isClosedByPeer)
            #expect(half.isClosedByPeer)
            try await eventually("counted") {
                a.recorder.rejections == [.noGreeting, .noGreeting]
            }
            try await a.stop()
        }

        @Test("no more than 64 connections wait to greet, and peers still get in afterwards")
        func many() async throws {
            let a = try await TestHost("a", port: 0, peers: [("b", 1)])
            var connections = try (0..<Limits.ungreetedConnectionCount).map { _ in
                try RawSocket(to: a.port)
            }
            let last = try RawSocket(to: a.port)
            #expect(last.isClosedByPeer)
            #expect(a.recorder.rejections == [.tooMany])
            connections.removeAll()
            try await eventually("room again") { self.isWelcome(at: a.port) }
            try await a.stop()
        }

        @Test("a greeting and frames that come byte by byte are understood")
        func byteByByte() async throws {
            let a = try await TestHost("a", port: 0, peers: [("b", 1)])
            let connection = try RawSocket(to: a.port)
            for byte in Bytes.greeting("b", to: "a") + Bytes.frame([1, 2]) + Bytes.frame([3]) {
                connection.send([byte])
                usleep(1000)
            }
            try await eventually("both arrive") { a.recorder.frames == [[1, 2], [3]] }
            try await a.stop()
        }

        @Test("a connection that ends inside a frame is counted; its whole frames arrive")
        func truncated() async throws {
            let a = try await TestHost("a", port: 0, peers: [("b", 1)])
            try RawSocket(to: a.port).send(
                Bytes.greeting("b", to: "a") + Bytes.frame([7]) + [9, 0, 0, 0, 1, 2])
            try await eventually("counted") { a.recorder.rejections == [.truncated] }
            #expect(a.recorder.frames == [[7]])
            try await a.stop()
        }

        @Test("a second connection of a host replaces the first")
        func replaced() async throws {
            let a = try await TestHost("a", port: 0, peers: [("b", 1)])
            let first = try RawSocket(to: a.port)
            first.send(Bytes.greeting("b", to: "a") + Bytes.frame([1]))
            #expect(first.read(15) == Bytes.answer(0))
            let second = try RawSocket(to: a.port)
            second.send(Bytes.greeting("b", to: "a") + Bytes.frame([2]))
            #expect(second.read(15) == Bytes.answer(0))
            #expect(first.isClosedByPeer)
            second.send(Bytes.frame([3]))
            try await eventually("in order") { a.recorder.frames == [[1], [2], [3]] }
            #expect(a.recorder.rejections.isEmpty)
            try await a.stop()
        }

        @Test(
            "S12: two hosts under one name: the later one is refused and told why, while the first lives"
        )
        func twoHostsOneName() async throws {
            let a = try await TestHost("a", port: 0, peers: [("b", 1)])
            var first: RawSocket? = try RawSocket(to: a.port)
            first?.send(Bytes.greeting("b", to: "a", incarnation: 1))
            #expect(first?.read(15) == Bytes.answer(0))
            let second = try RawSocket(to: a.port)
            second.send(Bytes.greeting("b", to: "a", incarnation: 2))
            #expect(second.read(15) == Bytes.answer(4))
            #expect(second.isClosedByPeer)
            first?.send(Bytes.frame([1]))
            try await eventually("still heard") { a.recorder.frames == [[1]] }
            #expect(a.recorder.rejections == [.refused(.nameTaken)])

            first = nil
            try await eventually("the later one, once the first has gone") {
                let third = try RawSocket(to: a.port)
                third.send(Bytes.greeting("b", to: "a", incarnation: 2))
                return third.read(15) == Bytes.answer(0)
            }
            try await a.stop()
        }

        @Test("who dials a port that is no peer's notices, and goes on trying")
        func wrongServer() async throws {
            let listener = try RawSocket(listeningAt: 0)
            let a = try await TestHost("a", port: 0, peers: [("b", listener.port)])
            let answers = [Array("SSH-2.0-x\r\n".utf8), Bytes.answer(9), Bytes.answer(0) + [1]]
            for (index, answer) in answers.enumerated() {
                try await eventually("counted") {
                    // One that was dialled long ago may be given up already.
                    let connection = try listener.takeConnection()
                    #expect(connection.read(Bytes.greeting("a", to: "b").count).count > 20)
                    connection.send(answer)
                    #expect(connection.isClosedByPeer)
                    return a.recorder.rejections.count > index
                }
            }
            #expect(Set(a.recorder.rejections) == [.badAnswer])
            try await eventually("told") {
                try listener.takeConnection().send(Bytes.answer(3))
                return a.recorder.events.contains(.refused(.unknownSender, by: "b"))
            }
            #expect(!a.recorder.events.contains(.up("b")))
            try await a.stop()
        }

        @Test("a peer that answers and then talks where it should listen is cut off")
        func talkative() async throws {
            let listener = try RawSocket(listeningAt: 0)
            let a = try await TestHost("a", port: 0, peers: [("b", listener.port)])
            let connection = try listener.takeConnection()
            connection.send(Bytes.answer(0))
            try await eventually("up") { a.recorder.events.contains(.up("b")) }
            connection.send([1])
            try await eventually("down") { a.recorder.events.contains(.down("b")) }
            #expect(a.recorder.rejections == [.badAnswer])
            try await a.stop()
        }

        private func expectHealth(of host: TestHost, incarnation: UInt8 = 1) async throws {
            let connection = try RawSocket(to: host.port)
            connection.send(
                Bytes.greeting("b", to: "a", incarnation: incarnation) + Bytes.frame([42, 42]))
            #expect(connection.read(15) == Bytes.answer(0))
            try await eventually("still works") { host.recorder.frames.last == [42, 42] }
        }

        private func isWelcome(at port: UInt16) -> Bool {
            guard let connection = try? RawSocket(to: port) else { return false }
            connection.send(Bytes.greeting("b", to: "a"))
            return connection.read(15) == Bytes.answer(0)
        }
    }
}
