import Foundation
import HoldfastCore
import HoldfastGuardCore
import HoldfastLinux
import Synchronization
import Testing

/// A real guard process in a directory of its own, and everything to speak with it.
///
/// `end` must be called; it ends the guard by its number and removes what it left.
final class GuardHarness: Sendable {
    let directory: String
    let processID: Int32
    let name: String
    private let process: Mutex<Process>

    static let budget = Duration.seconds(30)

    /// Starts one with `arguments` beyond --config and --name, as `user` if that is given, from
    /// the program's file or a copy of it.
    init(
        _ arguments: [String] = [], user: UInt32? = nil, directory: String? = nil,
        name: String? = nil, executable: String = GuardHarness.executable
    ) throws {
        let directory = try directory ?? Self.makeDirectory()
        let name = name ?? "hf-test-" + String(directory.split(separator: "-").last ?? "x")
        if let user { #expect(chown(directory, user, user) == 0) }
        self.directory = directory
        self.name = name
        let process = Process()
        var command = [
            executable, "--config", "\(directory)/host.yaml", "--name", name,
        ]
        command += arguments
        if let user {
            command =
                [
                    "/usr/bin/setpriv", "--reuid", "\(user)", "--regid", "\(user)",
                    "--clear-groups",
                ] + command
        }
        process.executableURL = URL(fileURLWithPath: command[0])
        process.arguments = Array(command.dropFirst())
        process.standardError = FileHandle(forWritingAtPath: "\(directory)/log")
        process.standardInput = nil
        try process.run()
        self.processID = process.processIdentifier
        self.process = Mutex(process)
    }

    /// Beside the test program, in the build folder, unless HOLDFAST_GUARD names another.
    static let executable: String = {
        if let other = ProcessInfo.processInfo.environment["HOLDFAST_GUARD"] { return other }
        let own = ThisProcess.resolve("/proc/self/exe") ?? ""
        // The test bundle is a program of its own, or is loaded by a helper of the toolchain.
        let candidates = [own] + CommandLine.arguments
        let folders = candidates.compactMap { path in
            path.range(of: "/holdfastPackageTests.xctest").map { range in
                String(path[..<range.lowerBound])
            }
        }
        return (folders.first ?? ".build/debug") + "/holdfast-guard"
    }()

    static func makeDirectory() throws -> String {
        let path = "/tmp/hf-guard-\(getpid())x\(UInt32.random(in: 0...UInt32.max))"
        try FileManager.default.createDirectory(atPath: path, withIntermediateDirectories: true)
        for file in ["host.yaml", "log"] {
            #expect(FileManager.default.createFile(atPath: "\(path)/\(file)", contents: nil))
        }
        chmod(path, 0o755)
        return path
    }

    var socketPath: String { "\(self.directory)/guard.sock" }

    var log: String {
        (try? String(contentsOfFile: "\(self.directory)/log", encoding: .utf8)) ?? ""
    }

    /// Connects as an agent, once the guard listens.
    func connect() throws -> Agent {
        let start = Clocks.read()
        while true {
            do {
                return try Agent(GuardConnection(path: self.socketPath))
            } catch {
                guard Clocks.read().holderElapsed(since: start) < Self.budget else {
                    throw error
                }
                usleep(2000)
            }
        }
    }

    func signal(_ number: Int32) {
        kill(self.processID, number)
    }

    /// SIGHUP, and waits until the next image of the program has taken over.
    func replace() throws {
        let count = self.takeovers
        self.signal(SIGHUP)
        try self.wait("the next image") { self.takeovers > count }
    }

    private var takeovers: Int {
        self.log.split(separator: "\n").count { line in line.contains("took over from") }
    }

    func wait(forLog text: String) throws {
        try self.wait("'\(text)'") { self.log.contains(text) }
    }

    private func wait(_ what: String, until isTrue: () -> Bool) throws {
        let start = Clocks.read()
        while !isTrue() {
            guard Clocks.read().holderElapsed(since: start) < .seconds(10) else {
                throw Missing(what: what, log: self.log)
            }
            usleep(1000)
        }
    }

    struct Missing: Error {
        var what: String
        var log: String
    }

    /// Whether a process of the guard's stands in for its kernel timer.
    var hasStandIn: Bool {
        Processes.named("hf-stand-in").contains { number in
            Processes.parent(of: number) == self.processID
        }
    }

    /// Waits for its end; its exit status, or the signal that ended it.
    func waitForEnd() -> Int32 {
        self.process.withLock { process in
            process.waitUntilExit()
            return process.terminationStatus
        }
    }

    var isRunning: Bool { self.process.withLock { process in process.isRunning } }

    /// Ends the guard and its children, and removes its directory and control group.
    func end() {
        if self.isRunning {
            self.signal(SIGCONT)
            self.signal(SIGKILL)
            _ = self.waitForEnd()
        }
        Self.removeGroup(self.name)
        self.endMarked()
        try? FileManager.default.removeItem(atPath: self.directory)
    }

    /// Without control groups, what a killed guard's children started lives on, stopped perhaps.
    private func endMarked() {
        for _ in 0..<1000 {
            let found = Processes.marked("HOLDFAST_GUARD_RUN=\(self.name)/")
            if found.isEmpty { return }
            for number in found { kill(number, SIGKILL) }
            usleep(2000)
        }
        Issue.record("children of \(self.name) could not be ended")
    }

    static func removeGroup(_ name: String) {
        guard let own = ControlGroupPlace.find(), let parent = try? ControlGroup.open(own),
            let group = try? parent.open(name)
        else { return }
        try? group.kill()
        for _ in 0..<2000 {
            if (try? parent.remove(name)) != nil { return }
            usleep(1000)
        }
        Issue.record("the control group \(name) could not be removed")
    }

    static var canWriteGroups: Bool {
        guard let own = ControlGroupPlace.find() else { return false }
        return access(own, W_OK) == 0
    }

    static var isRoot: Bool { geteuid() == 0 }
}
