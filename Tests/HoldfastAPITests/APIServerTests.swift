import Glibc
import HoldfastAPI
import HoldfastAPISupport
import HoldfastCore
import HoldfastJobs
import HoldfastSpec
import Synchronization
import Testing

@Suite("API server")
struct APIServerTests {
    static let job = JobDocument(JobSpec(command: ["/bin/sleep", "60"]))

    // MARK: - Connections

    @Test("one connection serves many requests, also when they are sent at once")
    func pipelining() throws {
        let server = try TestServer()
        defer { server.stop() }
        let socket = try RawSocket(server.socket)
        let request = "GET /healthz HTTP/1.1\r\nhost: x\r\n\r\n"
        socket.say(request + request + "GET /healthz HTTP/1.1\r\nconnection: close\r\n\r\n")
        let answer = socket.hearAll()
        #expect(answer.split(separator: "HTTP/1.1 200").count == 3)
        #expect(answer.hasSuffix("ok\n"))
    }

    @Test(
        "bytes that are no HTTP get one answer and end their connection, and are counted",
        arguments: [
            "\u{1}\u{2}\u{3}\r\n\r\n", "GET\r\n\r\n", "GET / HTTP/9.9\r\n\r\n",
            "GET / HTTP/1.1\r\ncontent-length: -1\r\n\r\n",
            "POST /v1/keys/x/stop HTTP/1.1\r\ntransfer-encoding: chunked\r\n\r\nzz\r\n",
        ])
    func garbage(text: String) throws {
        let server = try TestServer()
        defer { server.stop() }
        let socket = try RawSocket(server.socket)
        socket.say(text)
        let answer = socket.hearAll()
        #expect(answer.hasPrefix("HTTP/1.1 400"), "\(answer)")
        #expect(answer.contains("this is not HTTP"))
        #expect(try server.with { $0.server.counts[.garbage] } == 1)
        #expect(try server.client.keys().keys.isEmpty)
    }

    /// Goal: no bytes at all stop the server or leave a connection behind.
    ///
    /// Method: 200 connections, each with up to 4 KB drawn from a seeded generator, half of them
    /// after the start of a good request.
    @Test("random bytes do no harm", arguments: UInt64(1)...4)
    func randomBytes(seed: UInt64) throws {
        let server = try TestServer()
        defer { server.stop() }
        var random = Randomness(seed: seed)
        for round in 0..<50 {
            let socket = try RawSocket(server.socket)
            if round.isMultiple(of: 2) { socket.say("PUT /v1/jobs HTTP/1.1\r\n") }
            let count = Int(random.next() % 4096)
            socket.say((0..<count).map { _ in UInt8(truncatingIfNeeded: random.next()) })
        }
        #expect(try server.client.keys().keys.isEmpty)
        try server.until("the end of every connection") { $0.server.connectionCount == 0 }
    }

    @Test("a head beyond its bounds is refused")
    func longHead() throws {
        let server = try TestServer()
        defer { server.stop() }
        let socket = try RawSocket(server.socket)
        socket.say("GET /healthz HTTP/1.1\r\nx: \(String(repeating: "a", count: 70_000))\r\n\r\n")
        #expect(socket.hearAll().hasPrefix("HTTP/1.1 400"))
        let many = try RawSocket(server.socket)
        let headers = (0..<100).map { "x\($0): 1\r\n" }.joined()
        many.say("GET /healthz HTTP/1.1\r\n\(headers)\r\n")
        #expect(many.hearAll().hasPrefix("HTTP/1.1 400"))
    }

    @Test("a body beyond its bound is refused, and the connection can go on")
    func largeBody() throws {
        var limits = APILimits()
        limits.bodyBytes = 1000
        let server = try TestServer(limits: limits)
        defer { server.stop() }
        let socket = try RawSocket(server.socket)
        let body = String(repeating: " ", count: 1001)
        socket.say("PUT /v1/jobs HTTP/1.1\r\ncontent-length: 1001\r\n\r\n\(body)")
        let answer = socket.hear(until: "}")
        #expect(answer.hasPrefix("HTTP/1.1 413"), "\(answer)")
        #expect(try server.with { $0.server.counts[.bodyTooLarge] } == 1)
    }

    @Test("a body without end is refused before it fills the memory")
    func endlessBody() throws {
        var limits = APILimits()
        limits.bodyBytes = 10_000
        let server = try TestServer(limits: limits)
        defer { server.stop() }
        let socket = try RawSocket(server.socket)
        socket.say("PUT /v1/jobs HTTP/1.1\r\ntransfer-encoding: chunked\r\n\r\n")
        let chunk = "1000\r\n\(String(repeating: " ", count: 4096))\r\n"
        var count = 0
        while count < 1000, socket.say(chunk) { count += 1 }
        #expect(count < 1000)
        #expect(try server.client.keys().keys.isEmpty)
    }

    @Test("a client that waits for leave to send its body gets it")
    func expectContinue() throws {
        let server = try TestServer()
        defer { server.stop() }
        let socket = try RawSocket(server.socket)
        let body = #"{"jobs":[]}"#
        socket.say(
            "PUT /v1/jobs HTTP/1.1\r\ncontent-length: \(body.utf8.count)\r\n"
                + "expect: 100-continue\r\nconnection: close\r\n\r\n")
        #expect(socket.hear(until: "\r\n\r\n").hasPrefix("HTTP/1.1 100"))
        socket.say(body)
        #expect(socket.hearAll().hasPrefix("HTTP/1.1 200"))
    }

    @Test("a connection without a request is ended in time")
    func idle() throws {
        var limits = APILimits()
        limits.idle = .milliseconds(50)
        let server = try TestServer(limits: limits)
        defer { server.stop() }
        let silent = try RawSocket(server.socket)
        let slow = try RawSocket(server.socket)
        slow.say("GET /heal")
        #expect(silent.hearAll() == "")
        #expect(slow.hearAll() == "")
    }

    @Test("1,000 connections at once are served")
    func manyConnections() throws {
        var limit = rlimit()
        getrlimit(__rlimit_resource_t(RLIMIT_NOFILE.rawValue), &limit)
        limit.rlim_cur = min(limit.rlim_max, 65_536)
        setrlimit(__rlimit_resource_t(RLIMIT_NOFILE.rawValue), &limit)
        let server = try TestServer()
        defer { server.stop() }
        let crowd = try Crowd(server.socket, count: 1000)
        try server.until("1,000 connections") { $0.server.connectionCount == 1000 }
        #expect(crowd.askAll("GET /healthz HTTP/1.1\r\n\r\n") == 1000)
    }

    @Test("connections beyond the bound are ended at once")
    func tooManyConnections() throws {
        var limits = APILimits()
        limits.connectionCount = 2
        let server = try TestServer(limits: limits)
        defer { server.stop() }
        let crowd = try Crowd(server.socket, count: 2)
        try server.until("two connections") { $0.server.connectionCount == 2 }
        let third = try RawSocket(server.socket)
        #expect(third.hearAll() == "")
        #expect(crowd.askAll("GET /healthz HTTP/1.1\r\n\r\n") == 2)
        #expect(try server.with { $0.server.counts[.tooManyConnections] } == 1)
    }

    // MARK: - Access

    @Test("who may only look can look, and can't change anything")
    func looker() throws {
        // Root may everything, so the tests of refusals run as another.
        try #require(geteuid() == 0, "This test becomes another user for a moment")
        let server = try TestServer(access: APIAccess(ownUserID: 0))
        defer { server.stop() }
        chmod(server.directory, 0o755)
        let key = try Key("x")
        _ = try server.client.run(key, Self.job, wait: nil)
        let answers = try OtherUser.ask(
            server.socket,
            [
                "GET /v1/keys/x?start=1 HTTP/1.1\r\nconnection: close\r\n\r\n",
                "POST /v1/keys/x/stop HTTP/1.1\r\nconnection: close\r\n\r\n",
            ])
        #expect(answers[0].hasPrefix("HTTP/1.1 200"))
        #expect(answers[1].hasPrefix("HTTP/1.1 403"))
        #expect(answers[1].contains(#""exit":77"#))
        #expect(try server.with { $0.backend.questions.last?.start } == false)
        #expect(try server.client.whereis(key, WhereisQuestion()).state == .running)
    }

    @Test("access follows the user and every group")
    func access() {
        let access = APIAccess(ownUserID: 5, groupID: 9, othersLook: false)
        func may(_ user: UInt32, _ group: UInt32, _ more: [UInt32] = []) -> Bool {
            access.mayChange(
                PeerCredentials(userID: user, groupID: group, supplementaryGroups: more))
        }
        #expect(may(0, 0) && may(5, 1) && may(7, 9) && may(7, 1, [3, 9]))
        #expect(!may(7, 1) && !may(7, 5, [3]))
        #expect(!access.mayLook(PeerCredentials(userID: 7, groupID: 1)))
        #expect(APIAccess(ownUserID: 5).mayLook(PeerCredentials(userID: 7, groupID: 1)))
    }

    // MARK: - The socket

    @Test("a socket that nobody serves is replaced, a live one and other files are not")
    func socketPlace() throws {
        let server = try TestServer()
        defer { server.stop() }
        let socket = server.socket
        let refusal = #expect(throws: APIListenFailure.self) {
            try Listening.begin(at: socket)
        }
        #expect(refusal?.why == "another agent listens there")
        #expect(try server.client.keys().keys.isEmpty)

        let stale = server.directory + "/stale.sock"
        try Listening.leaveStale(at: stale)
        try Listening.begin(at: stale)
        unlink(stale)

        let file = server.directory + "/file"
        close(open(file, O_CREAT | O_WRONLY, 0o600))
        let other = #expect(throws: APIListenFailure.self) { try Listening.begin(at: file) }
        #expect(other?.why == "something that is not a socket is there")
        unlink(file)
        let long = #expect(throws: APIListenFailure.self) {
            try Listening.begin(at: "/tmp/" + String(repeating: "x", count: 120))
        }
        #expect(long != nil)
    }

    @Test("others can reach the socket only when they may look")
    func mode() throws {
        for (othersLook, mode) in [(true, 0o666), (false, 0o660)] {
            let access = APIAccess(ownUserID: getuid(), othersLook: othersLook)
            let server = try TestServer(access: access)
            var status = stat()
            #expect(lstat(server.socket, &status) == 0)
            #expect(Int(status.st_mode) & 0o777 == mode)
            server.stop()
            #expect(lstat(server.socket, &status) != 0)
        }
    }

    // MARK: - Streams

    @Test("events come as they happen, from the index asked for")
    func events() throws {
        let server = try TestServer()
        defer { server.stop() }
        for text in ["one", "two", "three"] { try server.with { $0.backend.emit(text) } }
        #expect(try server.client.events(since: 1).events.map(\.text) == ["two", "three"])
        let socket = try RawSocket(server.socket)
        socket.say("GET /v1/events?follow=1&since=2 HTTP/1.1\r\n\r\n")
        #expect(socket.hear(until: "three").contains("text/event-stream"))
        try server.with { $0.backend.emit("four") }
        #expect(socket.hear(until: "four").contains("id: 4\ndata: {"))
    }

    @Test("a reader that goes away is noticed")
    func disconnect() throws {
        let server = try TestServer()
        defer { server.stop() }
        do {
            let socket = try RawSocket(server.socket)
            socket.say("GET /v1/events?follow=1 HTTP/1.1\r\n\r\n")
            try server.until("a subscription") { $0.backend.eventSubscribers.count == 1 }
        }
        try server.until("the end of it") { $0.backend.eventSubscribers.isEmpty }
        try server.until("the end of its connection") { $0.server.connectionCount == 0 }
    }

    @Test("a reader that doesn't read is dropped, and the others are not")
    func slowReader() throws {
        var limits = APILimits()
        limits.unreadStreamBytes = 1_000_000
        let server = try TestServer(limits: limits)
        defer { server.stop() }
        _ = try server.client.run(try Key("x"), Self.job, wait: nil)
        let slow = try RawSocket(server.socket)
        let good = try RawSocket(server.socket)
        for socket in [0, 1] {
            let request = "GET /v1/keys/x/logs?follow=1&lines=0 HTTP/1.1\r\n\r\n"
            if socket == 0 { slow.say(request) } else { good.say(request) }
        }
        try server.until("two readers") { $0.backend.logSubscribers.count == 2 }
        _ = good.hear(until: "\r\n\r\n")
        for _ in 0..<40 {
            let bytes = [UInt8](repeating: 0x61, count: 65_536)
            try server.with { $0.backend.write(bytes) }
            var heard = 0
            while heard < bytes.count, let part = good.hear(), !part.isEmpty { heard += part.count }
        }
        try server.until("the slow one dropped") { $0.backend.logSubscribers.count == 1 }
        #expect(try server.with { $0.server.counts[.slowReader] } == 1)
    }

    @Test("logs end where they end, and a stream cut short can be told from its end")
    func logs() throws {
        let server = try TestServer()
        defer { server.stop() }
        let key = try Key("x")
        let client = server.client
        let unknown = #expect(throws: APIFailure.self) {
            try client.logs(key, lines: 3, follow: false) { _ in }
        }
        #expect(unknown == .unknownKey(key))

        _ = try client.run(key, Self.job, wait: nil)
        let heard = Mutex<[UInt8]>([])
        try client.logs(key, lines: 3, follow: false) { bytes in heard.withLock { $0 += bytes } }
        #expect(heard.withLock { $0 } == Array("a line\na line\na line\n".utf8))

        let failure = #expect(throws: APIFailure.self) {
            try client.logs(key, lines: 1, follow: true) { _ in
                // On the client's own thread, while the server still streams.
                server.later { $0.backend.endLogs(.unknownKey(key)) }
            }
        }
        #expect(failure?.why.contains("before the answer was complete") == true)
    }

    // MARK: - Time

    @Test("a backend that says nothing doesn't hold its reader for ever")
    func silence() throws {
        var limits = APILimits()
        limits.answerWithin = .milliseconds(50)
        let server = try TestServer(limits: limits)
        defer { server.stop() }
        try server.with { $0.backend.isSilent = true }
        let key = try Key("x")
        let looking = #expect(throws: APIFailure.self) {
            try server.client.whereis(key, WhereisQuestion(wait: .milliseconds(10)))
        }
        #expect(looking?.exitStatus == .unavailable)
        let changing = #expect(throws: APIFailure.self) {
            try server.client.restart(key, wait: nil)
        }
        #expect(changing?.exitStatus == .temporary)
        #expect(try server.with { $0.server.counts[.noAnswer] } == 2)
    }
}
