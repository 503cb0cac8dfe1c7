import HoldfastAPI
import HoldfastAPISupport
import HoldfastCore
import HoldfastJobs
import HoldfastSpec
import Testing

@Suite("API routes")
struct APIRouteTests {
    static let job = JobDocument(JobSpec(command: ["/bin/sleep", "60"]))

    @Test("a job is applied, found, restarted, stopped, started and deleted")
    func life() throws {
        let server = try TestServer()
        defer { server.stop() }
        let client = server.client
        let key = try Key("billing worker/ä")

        let applied = try client.apply(ApplyRequest(jobs: [.init(key: key.text, job: Self.job)]))
        #expect(applied.results == [.init(key: key.text, outcome: .created)])
        let found = try client.whereis(key, WhereisQuestion())
        #expect(found.host == "h1" && found.pid == 4121 && found.basis == .chosen)
        #expect(try client.keys().keys.map(\.key) == [key.text])
        #expect(try client.restart(key, wait: nil).restarts == 1)
        #expect(try client.stop(key, wait: .seconds(1)).state == .stopped)
        #expect(try client.start(key, wait: nil).state == .running)
        #expect(try client.delete(key).wanted == .absent)
        let failure = #expect(throws: APIFailure.self) {
            try client.whereis(key, WhereisQuestion())
        }
        #expect(failure == .unknownKey(key))
    }

    @Test("run declares a key once and then says where it runs")
    func run() throws {
        let server = try TestServer()
        defer { server.stop() }
        let first = try server.client.run(try Key("report"), Self.job, wait: .seconds(1))
        let second = try server.client.run(try Key("report"), Self.job, wait: nil)
        #expect(try JSONText.encode(first) == JSONText.encode(second))
        #expect(first.token == 1)
        #expect(try first.job?.spec() == Self.job.spec())
    }

    @Test("hosts and status are told whole")
    func looking() throws {
        let server = try TestServer()
        defer { server.stop() }
        #expect(try server.client.hosts().hosts.map(\.host) == ["h1", "h2"])
        let status = try server.client.status()
        #expect(status.summary == "3 of 3 hosts; 1 job runs")
        #expect(status.session.leaseLeft == 4.5)
    }

    @Test("the parameters of whereis reach the host")
    func parameters() throws {
        let server = try TestServer()
        defer { server.stop() }
        let question = WhereisQuestion(start: true, stale: true, wait: .milliseconds(1500))
        _ = try? server.client.whereis(try Key("x"), question)
        #expect(try server.with { $0.backend.questions } == [question])
    }

    @Test("health follows the process, readiness the quorum")
    func health() throws {
        let server = try TestServer()
        defer { server.stop() }
        #expect(try server.client.send(APIRequest("GET", "/healthz")) == Array("ok\n".utf8))
        _ = try server.client.send(APIRequest("GET", "/readyz"))
        try server.with { $0.backend.hasQuorum = false }
        _ = try server.client.send(APIRequest("GET", "/healthz"))
        #expect(throws: APIFailure.self) {
            try server.client.send(APIRequest("GET", "/readyz"))
        }
    }

    /// A request that is wrong, and how it is answered.
    struct Mistake: CustomTestStringConvertible {
        let method: String
        let target: String
        var body = ""
        let status: Int
        let why: String

        var testDescription: String { "\(self.method) \(self.target) \(self.body)" }
    }

    static let mistakes = [
        Mistake(method: "GET", target: "/", status: 404, why: "no such path"),
        Mistake(method: "GET", target: "/v1", status: 404, why: "no such path"),
        Mistake(method: "GET", target: "/v2/keys", status: 404, why: "no such path"),
        Mistake(method: "GET", target: "/v1/keys/x/y/z", status: 404, why: "no such path"),
        Mistake(method: "POST", target: "/v1/keys/x/fly", status: 404, why: "no such path"),
        Mistake(method: "POST", target: "/v1/keys", status: 405, why: "this path takes GET"),
        Mistake(method: "PUT", target: "/v1/keys/x", status: 405, why: "takes GET or DELETE"),
        Mistake(method: "GET", target: "/v1/jobs", status: 405, why: "this path takes PUT"),
        Mistake(method: "GET", target: "/v1/keys/x/start", status: 405, why: "takes POST"),
        Mistake(method: "POST", target: "/healthz", status: 405, why: "takes GET"),
        Mistake(method: "GET", target: "/v1/keys/%zz", status: 400, why: "percent-encoding"),
        Mistake(method: "GET", target: "/v1/keys/%FF", status: 400, why: "percent-encoding"),
        Mistake(method: "GET", target: "/v1/keys/", status: 400, why: "1 to 255 bytes"),
        Mistake(method: "GET", target: "/v1/keys/%0A", status: 400, why: "control characters"),
        Mistake(method: "GET", target: "/v1/keys/x?wait=-1", status: 400, why: "'wait'"),
        Mistake(method: "GET", target: "/v1/keys/x?wait=inf", status: 400, why: "'wait'"),
        Mistake(method: "GET", target: "/v1/keys/x?wait=nan", status: 400, why: "'wait'"),
        Mistake(method: "GET", target: "/v1/keys/x?start=maybe", status: 400, why: "'start'"),
        Mistake(method: "GET", target: "/v1/keys/x?stale&stale", status: 400, why: "twice"),
        Mistake(method: "GET", target: "/v1/keys?why=1", status: 400, why: "'why'"),
        Mistake(method: "GET", target: "/v1/events?since=-1", status: 400, why: "'since'"),
        Mistake(method: "GET", target: "/v1/keys/x/logs?lines=x", status: 400, why: "'lines'"),
        Mistake(method: "PUT", target: "/v1/jobs", body: "{", status: 400, why: "line 1"),
        Mistake(method: "PUT", target: "/v1/jobs", body: "[]", status: 400, why: "Dictionary"),
        Mistake(method: "PUT", target: "/v1/jobs", body: "{}", status: 400, why: "'jobs'"),
        Mistake(
            method: "PUT", target: "/v1/jobs",
            body: #"{"jobs":[{"key":"a","job":{"command":["/bin/true"]}},{"key":3,"job":{}}]}"#,
            status: 400, why: "jobs[1].key"),
        Mistake(
            method: "PUT", target: "/v1/jobs",
            body: #"{"jobs":[{"key":"a\u0000","job":{"command":["/bin/true"]}}]}"#,
            status: 400, why: "jobs[0].key: a key holds no control characters"),
        Mistake(
            method: "PUT", target: "/v1/jobs",
            body: #"{"jobs":[{"key":"a","job":{"command":[]}}]}"#,
            status: 400, why: "jobs[0].job"),
        Mistake(
            method: "PUT", target: "/v1/jobs",
            body: #"{"jobs":[{"key":"a","job":{"command":["/b"]}},"#
                + #"{"key":"a","job":{"command":["/b"]}}]}"#,
            status: 400, why: "jobs[1]: 'a' is there twice"),
        Mistake(
            method: "POST", target: "/v1/keys/x/run", body: "null", status: 400,
            why: "the job has nothing to run"),
    ]

    @Test("what is wrong is answered with its place", arguments: mistakes)
    func mistake(_ mistake: Mistake) throws {
        let server = try TestServer()
        defer { server.stop() }
        let parts = mistake.target.split(separator: "?", maxSplits: 1)
        var target = String(parts[0])
        if parts.count > 1 { target += "?" + parts[1] }
        let request = APIRequest(mistake.method, target, body: Array(mistake.body.utf8))
        let failure = #expect(throws: APIFailure.self) { try server.client.send(request) }
        #expect(failure?.status == mistake.status)
        #expect(failure?.why.contains(mistake.why) == true, "\(failure?.why ?? "")")
        #expect(try server.with { $0.backend.documents.isEmpty })
    }

    @Test("a job that was declared is found by percent-encoded key, whatever it holds")
    func oddKeys() throws {
        let server = try TestServer()
        defer { server.stop() }
        for text in ["a/b", "%41", "?x=1", "a b", "ä€😀", "#", "..", "a%2Fb"] {
            let key = try Key(text)
            _ = try server.client.run(key, Self.job, wait: nil)
            #expect(try server.client.whereis(key, WhereisQuestion()).key == text)
        }
    }
}
