import Foundation
import Glibc
import HoldfastCore
import HoldfastGuardCore
import HoldfastLinux
import Synchronization
import Testing

/// An agent reduced to its connection: sends requests and remembers all reports.
final class Agent: Sendable {
    private struct Inbox: Sendable {
        var reports: [(report: GuardReport, at: Moment)] = []
        var pipes: [RunName: OwnedDescriptor] = [:]
        var isClosed = false
    }

    let connection: GuardConnection
    private let inbox: Mutex<Inbox>

    init(_ connection: GuardConnection) {
        self.connection = connection
        self.inbox = Mutex(Inbox())
        let reader = Thread { [self] in self.read() }
        reader.start()
    }

    private func read() {
        while true {
            guard let incoming = try? self.connection.receive(),
                case .report(let report, let pipe) = incoming
            else { break }
            let now = Clocks.read()
            self.inbox.withLock { inbox in
                inbox.reports.append((report, now))
                switch report {
                case .launched(let name, _), .exited(let name, _): inbox.pipes[name] = pipe
                default: break
                }
            }
        }
        self.inbox.withLock { inbox in inbox.isClosed = true }
    }

    func send(_ request: GuardRequest) throws {
        try self.connection.send(request)
    }

    /// A lease that ends after `hard`, and no new launches in the last tenth of it.
    func renew(epoch: Epoch = 1, sequence: UInt64 = 1, hard: Duration = .seconds(20)) throws {
        let now = Clocks.read()
        try self.send(
            .renew(
                epoch: epoch, sequence: sequence,
                GuardDeadlines(
                    soft: now.advanced(by: hard * 9 / 10), hard: now.advanced(by: hard))))
    }

    static func session(epoch: Epoch = 1, wakeUpDelay: Duration = .seconds(2)) -> GuardSession {
        GuardSession(
            epoch: epoch, nonce: Nonce(high: 1, low: epoch), owner: AcceptorID(high: 1, low: 1),
            fencingBudget: .seconds(60), wakeUpDelay: wakeUpDelay)
    }

    /// Adopts a session and renews it.
    func begin(
        epoch: Epoch = 1, hard: Duration = .seconds(20), wakeUpDelay: Duration = .seconds(2)
    ) throws {
        try self.send(.adopt(Self.session(epoch: epoch, wakeUpDelay: wakeUpDelay)))
        try self.renew(epoch: epoch, hard: hard)
        _ = try self.wait { report in
            if case .renewed = report { true } else { false }
        }
    }

    /// The first report, of all so far and to come, that `body` makes something of.
    func find<T>(
        within limit: Duration = .seconds(20), _ body: (GuardReport) -> T?
    ) throws -> T {
        try self.findTimed(within: limit, body).found
    }

    func findTimed<T>(
        within limit: Duration = .seconds(20), _ body: (GuardReport) -> T?
    ) throws -> (found: T, at: Moment) {
        let start = Clocks.read()
        var seen = 0
        while true {
            let (reports, isClosed) = self.inbox.withLock { inbox in
                (inbox.reports, inbox.isClosed)
            }
            for (report, at) in reports.dropFirst(seen) {
                if let found = body(report) { return (found, at) }
            }
            seen = reports.count
            guard !isClosed, Clocks.read().holderElapsed(since: start) < limit else {
                throw Missing(reports: reports.map { each in each.report }, isClosed: isClosed)
            }
            usleep(200)
        }
    }

    @discardableResult
    func wait(
        within limit: Duration = .seconds(20), _ isWanted: (GuardReport) -> Bool
    ) throws -> GuardReport {
        try self.find(within: limit) { report in isWanted(report) ? report : nil }
    }

    /// How many reports so far are of a kind.
    func count(_ isCounted: (GuardReport) -> Bool) -> Int {
        self.inbox.withLock { inbox in inbox.reports.map { each in each.report } }
            .count(where: isCounted)
    }

    /// Lets the guard forget a run, unless it never was one.
    func settleWhenEnded(_ name: RunName) {
        guard (try? self.end(of: name, within: .milliseconds(50))) != nil else { return }
        try? self.send(.settle(name))
    }

    func hello() throws -> GuardHello {
        try self.find { report in
            if case .hello(let hello) = report { hello } else { nil }
        }
    }

    func processID(of name: RunName) throws -> Int32 {
        try self.find { report in
            if case .launched(name, let processID) = report { processID } else { nil }
        }
    }

    func end(of name: RunName, within limit: Duration = .seconds(20)) throws -> RunEnd {
        try self.find(within: limit) { report in
            if case .exited(name, let end) = report { end } else { nil }
        }
    }

    /// Whether the guard ended the connection.
    func isClosed(within limit: Duration = .seconds(10)) -> Bool {
        let start = Clocks.read()
        while Clocks.read().holderElapsed(since: start) < limit {
            if self.inbox.withLock({ inbox in inbox.isClosed }) { return true }
            usleep(500)
        }
        return false
    }

    /// What a run wrote, until `text` is in it.
    func output(
        of name: RunName, until text: String, within limit: Duration = .seconds(20)
    ) throws -> String {
        let start = Clocks.read()
        var output = ""
        var buffer = [UInt8](repeating: 0, count: 65536)
        while Clocks.read().holderElapsed(since: start) < limit {
            let pipe = self.inbox.withLock { inbox in inbox.pipes[name] }
            if let number = pipe?.number {
                let count = Glibc.read(number, &buffer, buffer.count)
                if count > 0 { output += String(decoding: buffer[..<count], as: UTF8.self) }
                if output.contains(text) { return output }
            }
            usleep(500)
        }
        throw MissingOutput(output: output, wanted: text)
    }

    func pipe(of name: RunName) -> Int32? {
        self.inbox.withLock { inbox in inbox.pipes[name]?.number }
    }

    /// Whether nobody is left who could write, once what was written is read.
    func outputHasEnded(of name: RunName) -> Bool {
        var buffer = [UInt8](repeating: 0, count: 65536)
        guard let number = self.pipe(of: name) else { return false }
        while true {
            let count = Glibc.read(number, &buffer, buffer.count)
            if count <= 0 { return count == 0 }
        }
    }

    func close() {
        self.connection.close()
        _ = self.isClosed()
    }

    struct Missing: Error {
        var reports: [GuardReport]
        var isClosed: Bool
    }

    struct MissingOutput: Error {
        var output: String
        var wanted: String
    }
}

/// Orders that run scripts of the shell as the present user.
enum Orders {
    static func shell(
        _ key: String, token: Token = 1, _ script: String, epoch: Epoch = 1,
        grace: Duration = .milliseconds(300), onDeadline: DeadlineAction = .freeze,
        freezeLimit: Duration? = nil, user: UInt32? = nil
    ) -> LaunchOrder {
        LaunchOrder(
            name: RunName(key: key, token: token), epoch: epoch, executable: "/bin/sh",
            arguments: ["sh", "-c", script], environment: ["PATH=/usr/bin:/bin"], directory: "/",
            userID: user ?? geteuid(), groupID: user ?? getegid(), supplementaryGroups: [],
            stopSignal: SIGTERM, stopGrace: grace, onDeadline: onDeadline,
            freezeLimit: freezeLimit)
    }
}

/// What the tests ask of /proc.
enum Processes {
    static func exists(_ processID: Int32) -> Bool {
        guard let state = Self.state(processID) else { return false }
        return state != "Z" && state != "X"
    }

    /// Waits until it is.
    static func isGone(_ processID: Int32, within limit: Duration = .seconds(10)) -> Bool {
        let start = Clocks.read()
        while Clocks.read().holderElapsed(since: start) < limit {
            if !Self.exists(processID) { return true }
            usleep(1000)
        }
        return false
    }

    static func state(_ processID: Int32) -> Character? {
        guard let stat = try? String(contentsOfFile: "/proc/\(processID)/stat", encoding: .utf8),
            let bracket = stat.lastIndex(of: ")")
        else { return nil }
        return stat[bracket...].dropFirst(2).first
    }

    /// Processes whose command line contains `text`, living ones only.
    static func matching(_ text: String) -> [Int32] { self.living("cmdline", text) }

    /// Processes whose environment contains `text`, living ones only.
    static func marked(_ text: String) -> [Int32] { self.living("environ", text) }

    private static func living(_ file: String, _ text: String) -> [Int32] {
        let names = (try? FileManager.default.contentsOfDirectory(atPath: "/proc")) ?? []
        return names.compactMap { name in Int32(name) }.filter { processID in
            guard
                let line = FileManager.default.contents(atPath: "/proc/\(processID)/\(file)"),
                String(decoding: line, as: UTF8.self).contains(text)
            else { return false }
            return Self.exists(processID) && processID != getpid()
        }
    }

    /// Processes of that name, as the kernel keeps it.
    static func named(_ name: String) -> [Int32] { self.living("comm", name + "\n") }

    static func parent(of processID: Int32) -> Int32? {
        guard let stat = try? String(contentsOfFile: "/proc/\(processID)/stat", encoding: .utf8),
            let bracket = stat.lastIndex(of: ")")
        else { return nil }
        return Int32(stat[bracket...].dropFirst(2).split(separator: " ")[1])
    }

    /// Numbers of open descriptors, and whether each is closed by execve(2).
    static func descriptors(of processID: Int32) -> [Int32: Bool] {
        let folder = "/proc/\(processID)/fdinfo"
        var found: [Int32: Bool] = [:]
        for name in (try? FileManager.default.contentsOfDirectory(atPath: folder)) ?? [] {
            guard let number = Int32(name),
                let text = try? String(contentsOfFile: "\(folder)/\(name)", encoding: .utf8),
                let line = text.split(separator: "\n").first(where: { line in
                    line.hasPrefix("flags:")
                }), let flags = Int(line.split(separator: "\t")[1], radix: 8)
            else { continue }
            found[number] = flags & Int(O_CLOEXEC) != 0
        }
        return found
    }
}
