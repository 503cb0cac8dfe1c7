import Glibc
import HoldfastAPI
import HoldfastCore

/// What a host with a thousand running keys costs, all of them its own.
enum CrowdFigures {
    private static let count = 1000

    static func measure(
        _ cluster: Cluster, idle span: Double, _ report: inout Report
    ) throws {
        let host = cluster.hosts[0]
        guard let agent = host.agent?.processID, let guardian = host.guardProcess?.processID
        else { throw Trouble("\(host.name) does not run") }
        report.add("agent, no key: RSS", try ProcessFacts.memory(agent, "Rss") / 1000, "MB")
        cluster.signposts.clear()
        let start = Clock.now()
        try cluster.declare(
            (0..<Self.count).map { "crowd-\($0)" }, try cluster.job(host: host.name))
        report.add("1,000 keys declared by one call", Clock.now() - start, "s")
        for _ in 0..<Self.count { _ = try cluster.signposts.next(within: 60) }
        report.add("1,000 keys declared and executing", Clock.now() - start, "s")
        Clock.pause(3)
        try self.measureMemory(agent, guardian, &report)
        try self.measureIdle(agent, guardian, span, &report)
    }

    private static func measureMemory(
        _ agent: pid_t, _ guardian: pid_t, _ report: inout Report
    ) throws {
        let agentSize = try ProcessFacts.memory(agent, "Rss") / 1000
        report.add("agent, 1,000 running keys: RSS", agentSize, "MB", target: 40)
        report.add("the same: PSS", try ProcessFacts.memory(agent, "Pss") / 1000, "MB")
        report.add(
            "guard of 1,000 running keys: PSS", try ProcessFacts.memory(guardian, "Pss") / 1000,
            "MB", target: 7)
    }

    private static func measureIdle(
        _ agent: pid_t, _ guardian: pid_t, _ span: Double, _ report: inout Report
    ) throws {
        let before = try [agent, guardian].map(ProcessFacts.processorTime)
        let wakeUpsBefore = try [agent, guardian].map(ProcessFacts.wakeUps)
        let start = Clock.now()
        Clock.pause(span)
        let took = Clock.now() - start
        let after = try [agent, guardian].map(ProcessFacts.processorTime)
        let wakeUpsAfter = try [agent, guardian].map(ProcessFacts.wakeUps)
        for (index, name) in ["agent", "guard"].enumerated() {
            report.add(
                "\(name), 1,000 idle keys: processor",
                (after[index] - before[index]) / took * 100, "%")
            report.add(
                "\(name), 1,000 idle keys: wake-ups",
                (wakeUpsAfter[index] - wakeUpsBefore[index]) / took, "/s")
        }
        let both = (after[0] + after[1] - before[0] - before[1]) / took * 100
        report.add("host of 1,000 idle keys: processor", both, "%", target: 1)
    }
}
