import Glibc
import HoldfastAPI
import HoldfastCore

/// What a client waits for: changes, claims, releases, and whereis from a shell.
enum ChangeFigures {
    private static let rounds = 200

    static func measure(_ cluster: Cluster, _ floors: Floors, _ report: inout Report) throws {
        try self.measureChange(cluster, floors, &report)
        try self.measureClaim(cluster, of: "h1", floors, "this host", &report)
        try self.measureClaim(cluster, of: "h2", floors, "another", &report)
        try self.measureWhereis(cluster, floors, &report)
    }

    /// A key that no host may run: one call is one change of its record, and nothing follows.
    private static func measureChange(
        _ cluster: Cluster, _ floors: Floors, _ report: inout Report
    ) throws {
        let key = try Key("unplaced")
        try cluster.declare([key.text], try cluster.job(host: "nowhere"))
        let api = cluster.hosts[0].api
        var isWanted = true
        let sample = try Sample.of(Self.rounds) {
            isWanted.toggle()
            _ = try isWanted ? api.start(key, wait: nil) : api.stop(key, wait: nil)
        }
        report.add("one change of a record, API call", sample, floor: floors.change)
    }

    private static func measureClaim(
        _ cluster: Cluster, of host: String, _ floors: Floors, _ place: String,
        _ report: inout Report
    ) throws {
        let key = try Key("claimed-\(host)")
        let job = try cluster.job(host: host, more: "start: on-demand")
        try cluster.declare([key.text], job)
        let api = cluster.hosts[0].api
        var (claims, releases, children) = (Sample(), Sample(), Sample())
        for round in 0..<Self.rounds {
            cluster.signposts.clear()
            // Whoever waits for the answer is late at the signpost: each has its own rounds.
            let isForChild = round % 2 == 0
            let start = Clock.now()
            if isForChild {
                _ = try api.start(key, wait: nil)
                children.add(try cluster.signposts.next(within: 10).at - start)
            }
            let run = try api.start(key, wait: .seconds(10))
            if !isForChild { claims.add(Clock.now() - start) }
            guard run.state == .running else { throw Trouble("'\(key)' is \(run.state)") }

            let release = Clock.now()
            let end = try api.stop(key, wait: .seconds(10))
            releases.add(Clock.now() - release)
            guard end.state == .stopped else { throw Trouble("'\(key)' is \(end.state)") }
        }
        report.add("start → child's first line, on \(place)", children, floor: floors.claim)
        report.add("start → running is chosen, on \(place)", claims, floor: floors.claim)
        report.add("stop → vacancy is chosen, on \(place)", releases, floor: floors.claim)
    }

    private static func measureWhereis(
        _ cluster: Cluster, _ floors: Floors, _ report: inout Report
    ) throws {
        let key = "looked-for"
        try cluster.declare([key], try cluster.job())
        _ = try cluster.signposts.next(within: 10)
        let socket = cluster.hosts[0].folder + "/holdfast.sock"
        let sample = try Sample.of(Self.rounds) {
            let command = [Programs.command, "whereis", "--socket", socket, key, "--wait", "10s"]
            guard try Spawned.run(command) == 0 else { throw Trouble("whereis fails") }
        }
        report.add("holdfast whereis, wall", sample, floor: floors.program.median, target: 15e-3)
    }
}
