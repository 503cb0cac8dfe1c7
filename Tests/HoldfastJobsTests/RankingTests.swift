import HoldfastCore
import HoldfastJobs
import Testing

@Suite("Ranking")
struct RankingTests {
    private static func candidate(_ host: String, _ labels: [String: String] = [:])
        -> Ranking.Candidate
    {
        Ranking.Candidate(
            host: Fixture.host(host),
            labels: labels.sorted { $0.key < $1.key }.map { Label(name: $0.key, value: $0.value) })
    }

    private static let hosts = ["a", "b", "c", "d"].map { candidate($0) }

    private static func order(
        _ candidates: [Ranking.Candidate], key: String = "k", _ placement: Placement = Placement(),
        last: Ending? = nil
    ) throws -> [String] {
        Ranking.order(candidates, for: try Key(key), placement: placement, last: last)
            .map(\.text)
    }

    @Test("C6: the order does not depend on the order of the candidates")
    func stable() throws {
        let forward = try Self.order(Self.hosts)
        #expect(try Self.order(Self.hosts.reversed()) == forward)
        #expect(forward.sorted() == ["a", "b", "c", "d"])
    }

    @Test("C6: who lacks a required label is not in it; `host` is everybody's own name")
    func require() throws {
        let candidates = [
            Self.candidate("a", ["zone": "eu"]), Self.candidate("b", ["zone": "us"]),
            Self.candidate("c"),
        ]
        let zone = Placement(require: [Label(name: "zone", value: "eu")])
        #expect(try Self.order(candidates, zone) == ["a"])
        let host = Placement(require: [Label(name: "host", value: "c")])
        #expect(try Self.order(candidates, host) == ["c"])
        let both = Placement(require: zone.require + host.require)
        #expect(try Self.order(candidates, both).isEmpty)
    }

    @Test("C6: preferred labels count most, the more the better")
    func prefer() throws {
        let candidates = [
            Self.candidate("a"), Self.candidate("b", ["x": "1"]),
            Self.candidate("c", ["x": "1", "y": "2"]),
        ]
        let placement = Placement(
            prefer: [Label(name: "x", value: "1"), Label(name: "y", value: "2")])
        let last = Fixture.ending(1, .exited(code: 0), .itself)
        #expect(try Self.order(candidates, placement, last: last) == ["c", "b", "a"])
    }

    @Test(
        "C6: who ran it last is first after an exit, and last after a loss",
        arguments: [
            (Ending.How.exited(code: 1), Ending.Cause.itself, true),
            (.signalled(9, dumpedCore: false), .stopped, true),
            (.exited(code: 0), .hostEnding, false), (.exited(code: 0), .fenced, false),
            (.lost, .fenced, false), (.launchFailed(step: 1, errorNumber: 2), .itself, false),
            (.refused("x"), .itself, false),
        ])
    func loyalty(how: Ending.How, cause: Ending.Cause, isFirst: Bool) throws {
        for key in (0..<20).map({ "k\($0)" }) {
            let last = Fixture.ending(1, how, cause)
            let order = try Self.order(Self.hosts, key: key, last: last)
            #expect((isFirst ? order.first : order.last) == "a")
        }
    }

    @Test("C6: many keys spread over all hosts")
    func spread() throws {
        var counts: [String: Int] = [:]
        for index in 0..<1000 {
            counts[try Self.order(Self.hosts, key: "key-\(index)")[0], default: 0] += 1
        }
        #expect(counts.count == 4)
        #expect(counts.values.allSatisfy { (180...320).contains($0) })
    }
}
