import HoldfastAPI
import HoldfastCore
import HoldfastJobs
import HoldfastSpec
import Testing

@Suite("API documents")
struct DocumentTests {
    @Test("a key is written in snake case, absent fields left out")
    func key() throws {
        let document = KeyDocument(
            key: "a", state: .waiting, reason: "no host fits", leaseLeft: 2.4, basis: .chosen,
            wanted: .running, restarts: 2,
            last: EndingDocument(
                token: 7, host: "h1", how: .failedToStart, reason: "enter its directory",
                at: "2026-07-01T12:00:00.000Z", ran: 0.25),
            nextAttemptIn: 1.5)
        let text = """
            {"basis":"chosen","key":"a","last":{"at":"2026-07-01T12:00:00.000Z","host":"h1",\
            "how":"failed-to-start","ran":0.25,"reason":"enter its directory","token":7},\
            "lease_left":2.4,"next_attempt_in":1.5,"reason":"no host fits","restarts":2,\
            "state":"waiting","wanted":"running"}
            """
        try Self.check(document, text)
    }

    @Test("a host, a status, an event and an error are written in snake case")
    func others() throws {
        let host = HostDocument(
            host: "h1", state: .neverSeen, epoch: 1, labels: ["b": "2", "a": "1"],
            address: "127.0.0.1:1", isSelf: true, lastHeardIn: 0.5, running: 3)
        try Self.check(
            host,
            """
            {"address":"127.0.0.1:1","epoch":1,"host":"h1","is_self":true,\
            "labels":{"a":"1","b":"2"},"last_heard_in":0.5,"running":3,"state":"never-seen"}
            """)
        let status = StatusDocument(
            cluster: "dev", clusterID: "00", host: "h1", version: "0.1",
            quorum: .init(have: 1, need: 2, of: 3, ok: false),
            session: .init(epoch: 4, state: "suspect", leaseLeft: 0), containment: "cgroup",
            users: "any", warnings: [], jobs: .init(paused: 2),
            summary: "no quorum: 1 of 3; 2 jobs paused; resumes by itself")
        try Self.check(
            status,
            """
            {"cluster":"dev","cluster_id":"00","containment":"cgroup","host":"h1","jobs":\
            {"failed":0,"paused":2,"running":0,"stopped":0,"waiting":0},"quorum":{"have":1,\
            "need":2,"of":3,"ok":false},"session":{"epoch":4,"lease_left":0,"state":"suspect"},\
            "summary":"no quorum: 1 of 3; 2 jobs paused; resumes by itself","users":"any",\
            "version":"0.1","warnings":[]}
            """)
        let event = EventDocument(
            index: 9, at: "2026-07-01T12:00:00.000Z", kind: "started", key: "a/b", host: "h1",
            token: 18_446_744_073_709_551_615, text: "it's up")
        try Self.check(
            event,
            """
            {"at":"2026-07-01T12:00:00.000Z","host":"h1","index":9,"key":"a/b","kind":"started",\
            "text":"it's up","token":18446744073709551615}
            """)
        try Self.check(
            ErrorDocument(what: "a", why: "b", next: "c", exit: 69),
            #"{"exit":69,"next":"c","what":"a","why":"b"}"#)
    }

    @Test("a field of a later version is passed over")
    func unknownField() throws {
        let text = #"{"exit":1,"next":"c","what":"a","why":"b","since_version_9":{"x":[1]}}"#
        let error = try JSONText.decode(ErrorDocument.self, from: text.utf8)
        #expect(error == ErrorDocument(what: "a", why: "b", next: "c", exit: 1))
    }

    @Test("what isn't there, or is of another type, is named with its place")
    func place() {
        let missing = #expect(throws: UnreadableJSON.self) {
            try JSONText.decode(KeyList.self, from: #"{"keys":[{"key":"a"}]}"#.utf8)
        }
        #expect(missing?.description == "keys[0]: 'state' is missing")
        let wrong = #expect(throws: UnreadableJSON.self) {
            try JSONText.decode(ErrorDocument.self, from: #"{"what":1}"#.utf8)
        }
        #expect(wrong?.place == "what")
    }

    @Test(
        "what is no JSON is named with line and column",
        arguments: [
            ("", "line 1, column 1"), ("{", "line 1, column 2"),
            ("{\n \"a\": tru}", "line 2, column 10"),
            ("{\"a\":1,}", "line 1, column 8"), ("{} x", "line 1, column 4"),
            ("[1 2]", "line 1, column 4"), ("[\"\\x\"]", "line 1, column 4"),
            ("[\"\u{1}\"]", "line 1, column 3"), ("[01]", "line 1, column 3"),
            ("[1.]", "line 1, column 4"), ("[-]", "line 1, column 3"),
            ("[\"\\u12g4\"]", "line 1, column 7"),
            (String(repeating: "[", count: 100_000), "line 1, column 513"),
        ])
    func syntax(text: String, place: String) {
        let failure = #expect(throws: UnreadableJSON.self) {
            try JSONText.decode(KeyList.self, from: text.utf8)
        }
        #expect(failure?.description == "\(place): this is not JSON")
    }

    @Test("a timestamp has milliseconds and can be read again")
    func timestamps() {
        let time = WallTime(milliseconds: 1_782_907_200_042)
        #expect(Timestamp.text(time) == "2026-07-01T12:00:00.042Z")
        for milliseconds in [0, 1, 999, 1_782_907_200_042, 4_102_444_799_999] as [Int64] {
            let time = WallTime(milliseconds: milliseconds)
            #expect(Timestamp.time(Timestamp.text(time)) == time)
        }
        #expect(Timestamp.time("yesterday") == nil)
    }

    /// The document is written as `text`, and read from it as something that is written alike.
    private static func check<Document: Codable>(_ document: Document, _ text: String) throws {
        #expect(String(decoding: try JSONText.encode(document), as: UTF8.self) == text)
        let read = try JSONText.decode(Document.self, from: text.utf8)
        #expect(String(decoding: try JSONText.encode(read), as: UTF8.self) == text)
    }
}
