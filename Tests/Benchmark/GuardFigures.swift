import Glibc
import HoldfastCore
import HoldfastGuardCore
import HoldfastLinux

/// A guard alone, with the benchmark as its agent: its own part of every launch and end.
final class GuardFigures {
    private static let count = 1000
    private static let ends = 200

    private let process: Spawned
    private let connection: GuardConnection
    private var processIDs: [Token: pid_t] = [:]
    private var sequence: UInt64 = 0

    static func measure(
        _ directory: String, _ floors: Floors, _ report: inout Report
    ) throws {
        let figures = try GuardFigures(directory)
        defer { figures.process.end(within: 20) }
        try figures.measure(floors, &report)
        figures.connection.close()
    }

    private init(_ directory: String) throws {
        let folder = directory + "/guard"
        guard mkdir(folder, 0o755) == 0 else { throw Trouble.system("make \(folder)") }
        // Only its path is used.
        let file = creat(folder + "/holdfast.yaml", 0o644)
        close(file)
        let name = directory.split(separator: "/").suffix(1).joined() + "-guard"
        self.process = try Spawned(
            [
                Programs.guardProgram, "--config", folder + "/holdfast.yaml", "--name", name,
                "--exit-with-parent",
            ], output: folder + "/guard.log")
        let socket = folder + "/guard.sock"
        try Clock.wait(10, until: "the guard listens") { access(socket, F_OK) == 0 }
        self.connection = try GuardConnection(path: socket)
        try self.connection.send(
            .adopt(
                GuardSession(
                    epoch: 1, nonce: Nonce(high: 1, low: 1), owner: AcceptorID(high: 1, low: 1),
                    fencingBudget: .seconds(60),
                    wakeUpDelay: .seconds(2))))
        try self.renew()
    }

    private func renew() throws {
        self.sequence += 1
        let now = Clocks.read()
        try self.connection.send(
            .renew(
                epoch: 1, sequence: self.sequence,
                GuardDeadlines(
                    soft: now.advanced(by: .seconds(50)), hard: now.advanced(by: .seconds(60)))))
    }

    /// Reads reports until one is what is waited for.
    private func wait<Found>(for body: (GuardReport) -> Found?) throws -> Found {
        while true {
            guard case .report(let report, _) = try self.connection.receive() else {
                throw Trouble("the guard closed the connection")
            }
            if let found = body(report) { return found }
        }
    }

    private func measure(_ floors: Floors, _ report: inout Report) throws {
        let number = self.process.processID
        _ = try self.wait { if case .renewed = $0 { true } else { nil } }
        let empty = try ProcessFacts.memory(number, "Pss")
        report.add("guard, no child: PSS", empty / 1000, "MB", target: 4)
        var launches: [Double] = []
        for token in 1...Token(Self.count) {
            launches.append(try self.launch(token))
            if token % 100 == 0 { try self.renew() }
            if token == 100 {
                let some = try ProcessFacts.memory(number, "Pss")
                report.add("guard, 100 children: PSS", some / 1000, "MB")
            }
        }
        let full = try ProcessFacts.memory(number, "Pss")
        report.add("guard, 1,000 children: PSS", full / 1000, "MB")
        report.add("the same, per child", (full - empty) / Double(Self.count), "KB", target: 3)
        let exits = try (1...Token(Self.ends)).map { try self.end($0) }
        let launchFloor = floors.spawn.median + floors.unixSocket.median
        let exitFloor = floors.end.median + floors.unixSocket.median
        report.add("guard: order → executing, told", Sample(launches), floor: launchFloor)
        report.add(
            "the same, beside 900 children", Sample(launches.suffix(100)), floor: launchFloor)
        report.add("guard: child killed → told", Sample(exits), floor: exitFloor)
        // The hops of both messages are not the guard's, nor how long a child takes to die.
        let foreign = exitFloor + floors.unixSocket.median
        let own = zip(launches.suffix(Self.ends), exits).map { $0 + $1 - foreign }
        report.add(
            "guard: its own part of both", Sample(own), floor: floors.spawn.median, target: 1e-3)
    }

    private func launch(_ token: Token) throws -> Double {
        let order = LaunchOrder(
            name: Self.name(token), epoch: 1, executable: "/bin/sleep",
            arguments: ["sleep", "100000"], environment: ["PATH=/usr/bin:/bin"], directory: "/",
            userID: geteuid(), groupID: getegid(), supplementaryGroups: [],
            stopSignal: SIGKILL, stopGrace: .seconds(1), onDeadline: .kill, freezeLimit: nil)
        let start = Clock.now()
        try self.connection.send(.launch(order))
        self.processIDs[token] = try self.wait { report in
            if case .launched(order.name, let processID) = report { processID } else { nil }
        }
        return Clock.now() - start
    }

    private func end(_ token: Token) throws -> Double {
        guard let processID = self.processIDs[token] else { throw Trouble("no child \(token)") }
        let name = Self.name(token)
        let start = Clock.now()
        kill(processID, SIGKILL)
        try self.wait { if case .exited(name, _) = $0 { () } else { nil } }
        let took = Clock.now() - start
        try self.connection.send(.settle(name))
        return took
    }

    private static func name(_ token: Token) -> RunName {
        RunName(key: "shop/service-\(token)", token: token)
    }
}
