import HoldfastCore
import HoldfastTransport
import NIOCore
import NIOPosix
import Testing

extension TransportTests {
    @Suite("Peer network")
    struct PeerNetworkTests {
        @Test("frames of all sizes arrive whole and in order, both ways")
        func delivery() async throws {
            let (portA, portB) = (try RawSocket.freePort(), try RawSocket.freePort())
            let a = try await TestHost("a", port: portA, peers: [("b", portB), ("a", 1)])
            let b = try await TestHost("b", port: portB, peers: [("a", portA)])
            try await eventually("both are up") {
                a.recorder.events.contains(.up("b")) && b.recorder.events.contains(.up("a"))
            }
            var frames = (1...300).map { [UInt8](repeating: UInt8($0 & 0xFF), count: $0) }
            frames.append([UInt8](repeating: 7, count: Limits.peerFrameBytes))
            frames.append([9])
            try await a.send(frames, to: "b")
            try await b.send(frames.reversed(), to: "a")
            try await eventually("all arrive") {
                a.recorder.frames.count == frames.count && b.recorder.frames.count == frames.count
            }
            #expect(b.recorder.frames == frames)
            #expect(a.recorder.frames == frames.reversed())
            #expect(a.recorder.events.contains(.frame([9], from: "b")))
            #expect(a.recorder.rejections.isEmpty && b.recorder.rejections.isEmpty)
            try await a.stop()
            try await b.stop()
        }

        @Test("a peer that comes back is found again, and heard under its new incarnation")
        func restart() async throws {
            let (portA, portB) = (try RawSocket.freePort(), try RawSocket.freePort())
            let a = try await TestHost("a", port: portA, peers: [("b", portB)])
            for round in UInt8(1)...3 {
                let b = try await TestHost(
                    "b", port: portB, incarnation: UInt64(round), peers: [("a", portA)])
                let ups = { a.recorder.events.count { $0 == .up("b") } }
                try await eventually("up in round \(round)") { ups() == round }
                try await a.send([[round]], to: "b")
                try await eventually("heard in round \(round)") { b.recorder.frames == [[round]] }
                try await eventually("up at b") { b.recorder.events.contains(.up("a")) }
                try await b.send([[100 + round]], to: "a")
                try await eventually("heard by a") { a.recorder.frames.last == [100 + round] }
                try await b.stop()
                try await eventually("down in round \(round)") {
                    a.recorder.events.count { $0 == .down("b") } == round
                }
            }
            let dropped = try await a.droppedFrameCount(to: "b")
            try await a.send([[1], [2]], to: "b")
            #expect(try await a.droppedFrameCount(to: "b") == dropped + 2)
            #expect(a.recorder.rejections.isEmpty)
            try await a.stop()
        }

        @Test("a host that is no peer is sent nothing")
        func unknownReceiver() async throws {
            let a = try await TestHost("a", port: 0, peers: [])
            try await a.send([[1]], to: "b")
            #expect(try await a.droppedFrameCount(to: "b") == 0)
            try await a.stop()
        }

        @Test("tries to reach a peer less and less often, but at least once a second")
        func backoff() async throws {
            let listener = try RawSocket(listeningAt: 0)
            let a = try await TestHost("a", port: 0, peers: [("b", listener.port)])
            let start = ContinuousClock.now
            var gaps: [Duration] = []
            for _ in 0..<7 {
                let before = ContinuousClock.now
                _ = try listener.takeConnection().read(4)
                gaps.append(ContinuousClock.now - before)
            }
            // 50, 100, 200, 400, 800, 1000 ms, each less up to a half.
            #expect(ContinuousClock.now - start > .milliseconds(1200))
            #expect(gaps.allSatisfy { $0 < .milliseconds(1500) }, "\(gaps)")
            #expect(gaps[1] < .milliseconds(500))
            try await a.stop()
        }

        @Test("a peer that never reads costs bounded memory, and is given up after a while")
        func slowReader() async throws {
            let listener = try RawSocket(listeningAt: 0)
            let a = try await TestHost("a", port: 0, peers: [("b", listener.port)])
            let connection = try listener.takeConnection()
            connection.send(Bytes.answer(0))
            try await eventually("up") { a.recorder.events.contains(.up("b")) }
            let frame = [UInt8](repeating: 1, count: 100_000)
            for _ in 0..<20 { try await a.send(Array(repeating: frame, count: 10), to: "b") }
            // 20 MB were sent; 8 MiB and what the sockets took may be waiting.
            #expect(try await a.droppedFrameCount(to: "b") > 60)
            try await eventually("given up") { a.recorder.events.contains(.down("b")) }
            try await a.stop()
        }

        @Test("at stop everything is closed, and nothing is reported any more")
        func stop() async throws {
            let a = try await TestHost("a", port: 0, peers: [("b", 1)])
            let connection = try RawSocket(to: a.port)
            connection.send(Bytes.greeting("b", to: "a"))
            #expect(connection.read(15) == Bytes.answer(0))
            try await a.stop()
            #expect(connection.isClosedByPeer)
            #expect(throws: (any Error).self) { try RawSocket(to: a.port) }
            #expect(a.recorder.events == [])
        }

        @Test("an address that nobody can listen at is reported with what to do")
        func bindFailures() async throws {
            let taken = try RawSocket(listeningAt: 0)
            let loop = MultiThreadedEventLoopGroup.singleton.next()
            for (text, status) in [
                ("127.0.0.1:\(taken.port)", ExitStatusCode.temporary),
                ("192.0.2.1:7400", .configuration),
                ("no-such-name.invalid:7400", .configuration),
            ] {
                let listen = try PeerAddress(text)
                let local = try HostName("a")
                let failure = await #expect(throws: TransportFailure.self) {
                    try await loop.flatSubmit {
                        PeerNetwork(
                            local: local, incarnation: 1, listen: listen, peers: [], loop: loop,
                            delegate: Recorder()
                        ).start()
                    }.get()
                }
                #expect(failure?.exitStatus == status)
                #expect(failure?.what == "cannot listen for peers at \(text)")
            }
        }
    }
}
