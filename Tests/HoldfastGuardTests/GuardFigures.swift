import Foundation
import HoldfastCore
import HoldfastGuardCore
import HoldfastLinux
import Testing

/// Memory and latency of a guard with many children.
///
/// HOLDFAST_GUARD_FIGURES=1 HOLDFAST_GUARD=.build/release/holdfast-guard
/// swift test --filter GuardFigures
@Suite("Figures of the guard", .serialized)
struct GuardFigures {
    static let isWanted = ProcessInfo.processInfo.environment["HOLDFAST_GUARD_FIGURES"] != nil
    static let count = 1000

    @Test(
        "a thousand children cost little memory and no time",
        .enabled(if: isWanted, "only where HOLDFAST_GUARD_FIGURES is set: it measures"))
    func thousand() throws {
        let harness = try GuardHarness()
        defer { harness.end() }
        let agent = try harness.connect()
        defer { agent.close() }
        try agent.begin(hard: .seconds(60))
        let before = Self.memory(harness.processID)
        var launches: [Duration] = []
        let start = Clocks.read()
        for index in 0..<Self.count {
            var order = Orders.shell("shop/service-\(index)", "")
            order.executable = "/bin/sleep"
            order.arguments = ["sleep", "600"]
            let sent = Clocks.read()
            try agent.send(.launch(order))
            let (_, at) = try agent.findTimed { report in
                if case .launched(order.name, _) = report { true } else { nil }
            }
            launches.append(at.holderElapsed(since: sent))
            if index % 100 == 0 { try agent.renew(sequence: UInt64(index), hard: .seconds(60)) }
        }
        let took = Clocks.read().holderElapsed(since: start)
        let after = Self.memory(harness.processID)
        print("guard: \(before) kB PSS with 0 children, \(after) kB with \(Self.count)")
        print("launch order -> launched: \(Self.quantiles(launches)), all in \(took)")
        let ticks = Self.processorTicks(harness.processID)
        for sequence in UInt64(5000)...5010 {
            try agent.renew(sequence: sequence, hard: .seconds(60))
            usleep(1_000_000)
        }
        print("idle: \(Self.processorTicks(harness.processID) - ticks) ticks of 10 ms in 11 s")
        try self.measureEnds(agent)
        #expect(after < 4096 + 3 * Self.count)
        try self.measureReplacements(harness)
    }

    /// From SIGHUP to the hello of the next image, and what that takes.
    private func measureReplacements(_ harness: GuardHarness) throws {
        var spans: [Duration] = []
        for _ in 0..<20 {
            let agent = try harness.connect()
            defer { agent.close() }
            try agent.renew(sequence: 6000, hard: .seconds(60))
            try agent.wait { report in
                report == .renewed(epoch: 1, sequence: 6000, isFenced: false)
            }
            let start = Clocks.read()
            harness.signal(SIGHUP)
            #expect(agent.isClosed())
            let next = try harness.connect()
            defer { next.close() }
            let (hello, at) = try next.findTimed { report in
                if case .hello(let hello) = report { hello } else { nil }
            }
            spans.append(at.holderElapsed(since: start))
            #expect(hello.runs.count == Self.count - 200)
        }
        let after = Self.memory(harness.processID)
        print("SIGHUP -> hello: \(Self.quantiles(spans)); then \(after) kB PSS")
        #expect(after < 4096 + 3 * Self.count)
    }

    private func measureEnds(_ agent: Agent) throws {
        var ends: [Duration] = []
        for index in 0..<200 {
            let name = RunName(key: "shop/service-\(index)", token: 1)
            let processID = try agent.processID(of: name)
            let killed = Clocks.read()
            kill(processID, SIGKILL)
            let (_, at) = try agent.findTimed { report in
                if case .exited(name, _) = report { true } else { nil }
            }
            ends.append(at.holderElapsed(since: killed))
        }
        print("child killed -> exited: \(Self.quantiles(ends))")
    }

    static func quantiles(_ spans: [Duration]) -> String {
        let sorted = spans.sorted()
        let texts = [0.5, 0.99].map { part in
            "p\(Int(part * 100)) \(sorted[Int(Double(sorted.count) * part)])"
        }
        return texts.joined(separator: ", ")
    }

    static func memory(_ processID: Int32) -> Int {
        let text = (try? String(contentsOfFile: "/proc/\(processID)/smaps_rollup", encoding: .utf8))
        let line = text?.split(separator: "\n").first { line in line.hasPrefix("Pss:") }
        return line.flatMap { line in Int(line.split(separator: " ")[1]) } ?? 0
    }

    static func processorTicks(_ processID: Int32) -> Int {
        let stat = (try? String(contentsOfFile: "/proc/\(processID)/stat", encoding: .utf8)) ?? ""
        let fields = stat[(stat.lastIndex(of: ")") ?? stat.startIndex)...].split(separator: " ")
        return (Int(fields[12]) ?? 0) + (Int(fields[13]) ?? 0)
    }
}
