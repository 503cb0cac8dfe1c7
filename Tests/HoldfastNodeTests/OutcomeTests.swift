import HoldfastCore
import HoldfastJobs
import HoldfastPaxos
import HoldfastWire
import Testing

@testable import HoldfastNode

/// What a user's change is answered with when others write to the same key.
@Suite("Outcomes")
struct OutcomeTests {
    private let a = name("a")
    private let b = name("b")

    /// A key whose primary is `host` (P7).
    private func primaryKey(_ host: HostName) -> Key {
        (0..<100).lazy.map { key("k\($0)") }.first { key in
            host
                == Cluster.names.max {
                    (StableHash.of(key.text, $0.text), $0) < (StableHash.of(key.text, $1.text), $1)
                }
        } ?? key("none")
    }

    private func spec(_ word: String, host: HostName? = nil) -> JobSpec {
        JobSpec(
            command: ["/bin/\(word)"],
            placement: Placement(
                require: host.map { [Label(name: "host", value: $0.text)] } ?? []),
            start: host == nil ? .onDemand : .automatic,
            restart: RestartPolicy(delay: .seconds(60)))
    }

    private func isChosen(_ response: NodeResponse?) -> Bool {
        if case .chosen? = response { true } else { false }
    }

    @Test(
        "P6, P9: what another host has written since burns a cached ballot before a request uses it",
        arguments: Cluster.names)
    func overtakenBallot(primary: HostName) throws {
        var cluster = try Cluster.serving()
        let job = self.primaryKey(primary)
        for round in 0..<4 {
            for host in Cluster.names {
                let change = RequestedChange.declare(self.spec("\(host)\(round)"))
                let response = cluster.answer(.change(job, change), at: host)
                #expect(self.isChosen(response), "\(host) in round \(round)")
                cluster.run(for: .milliseconds(50))
            }
        }
    }

    /// A host's stop is accepted by itself alone; then another writes, whom it does not hear.
    private func overtakenStop(
        _ write: (inout Cluster, Key) -> Void
    ) throws -> NodeResponse? {
        var cluster = try Cluster.serving()
        // Its own primary, so that it hands the stop to nobody.
        let job = self.primaryKey(self.a)
        let spec = self.spec("true", host: self.b)
        #expect(self.isChosen(cluster.answer(.change(job, .declare(spec)), at: self.b)))
        cluster.run(for: .seconds(1))
        #expect(cluster.runners(of: job) == [self.b])
        let (a, register) = (self.a, RegisterID.key(job))
        // Another host's ballot is the newest, so that this one begins with a prepare.
        cluster.passes = { envelope, from, _ in
            guard from == a, case .accept(_, register, _, _) = envelope.message else { return true }
            return false
        }
        let request = cluster.ask(.change(job, .stop), at: self.a)
        cluster.run(for: .milliseconds(20))
        cluster.passes = { _, from, to in from != a && to != a }
        write(&cluster, job)
        cluster.run(for: .seconds(1))
        cluster.passes = { _, _, _ in true }
        cluster.run(for: .seconds(5))
        return cluster.responses[request]
    }

    @Test("P9: a request is proposed again over a record that was surely made without it")
    func proposedAgain() throws {
        let response = try self.overtakenStop { cluster, job in
            cluster.exit(job, on: self.b, code: 1)
        }
        guard case .chosen(let record?)? = response else {
            Issue.record("\(response as Any)")
            return
        }
        #expect(record.job?.isWanted == false)
        #expect(record.last?.how == .exited(code: 1))
    }

    @Test("P9 °: over another request's record it is not known whether one was applied before")
    func unknown() throws {
        let response = try self.overtakenStop { cluster, job in
            _ = cluster.ask(.change(job, .restart), at: self.b)
        }
        #expect(response == .unknown)
    }

    @Test("P9: a request whose outcome is lost is answered by a record that is as it asked for")
    func asAsked() throws {
        let response = try self.overtakenStop { cluster, job in
            _ = cluster.ask(.change(job, .stop), at: self.b)
        }
        guard case .refused(.already, let record?)? = response else {
            Issue.record("\(response as Any)")
            return
        }
        #expect(record.job?.isWanted == false)
    }
}
