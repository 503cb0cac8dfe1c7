import Glibc
import HoldfastAPI
import HoldfastCore

/// How soon a job runs again: after its child was killed, and after its host was.
enum LossFigures {
    private static let childRounds = 200

    static func measureChild(
        _ cluster: Cluster, _ floors: Floors, _ report: inout Report
    ) throws {
        cluster.signposts.clear()
        try cluster.declare(
            ["restarted"], try cluster.job(more: "restart: {policy: always, delay: 0s}"))
        var child = try cluster.signposts.next(within: 10)
        var sample = Sample()
        for _ in 0..<Self.childRounds {
            // The record of its start is to be chosen before it ends.
            Clock.pause(0.02)
            let killed = Clock.now()
            kill(child.processID, SIGKILL)
            child = try cluster.signposts.next(within: 10)
            sample.add(child.at - killed)
        }
        report.add(
            "child killed → replacement's first line", sample, floor: floors.child.median,
            target: 10e-3)
        _ = try cluster.hosts[0].api.delete(Key("restarted"))
    }

    /// Kills the host that runs the job, `rounds` times; each comes back before the next is killed.
    static func measureHost(
        _ cluster: Cluster, rounds: Int, _ report: inout Report
    ) throws {
        cluster.signposts.clear()
        try cluster.declare(["mover"], try cluster.job())
        var child = try cluster.signposts.next(within: 10)
        var sample = Sample()
        for _ in 0..<rounds {
            // At any moment between two heartbeats.
            Clock.pause(1 + Double.random(in: 0...cluster.term / 6))
            let host = try cluster.host(child.host)
            let killed = Clock.now()
            host.kill()
            child = try cluster.signposts.next(within: cluster.term * 3 + 10)
            guard child.host != host.name else { throw Trouble("\(host.name) ran it again") }
            sample.add(child.at - killed)
            try host.start()
            try cluster.waitUntilServing(host)
        }
        report.add(
            "host killed → runs elsewhere, T = \(Int(cluster.term)) s", sample,
            floor: cluster.term, target: cluster.term + 0.5)
        _ = try cluster.hosts[0].api.delete(Key("mover"))
    }
}
