import Glibc
import HoldfastAPISupport

/// A program of ours as a real process, with its outputs and its exit status.
struct Command {
    var output: String
    var errors: String
    /// The exit status, or minus the signal.
    var status: Int32

    /// The folder of the built programs: this test's own.
    static var folder: String {
        var buffer = [UInt8](repeating: 0, count: 4096)
        let count = buffer.withUnsafeMutableBytes {
            $0.withMemoryRebound(to: CChar.self) {
                readlink("/proc/self/exe", $0.baseAddress!, $0.count)
            }
        }
        let path = String(decoding: buffer.prefix(max(0, count)), as: UTF8.self)
        return path.split(separator: "/").dropLast().reduce("") { "\($0)/\($1)" }
    }

    /// Runs `holdfast` to its end; ends it itself after 20 s.
    static func holdfast(
        _ arguments: [String], socket: String? = nil, environment: [String: String] = [:],
        input: String = "", directory: String? = nil
    ) throws -> Command {
        var variables = ["PATH=/usr/bin:/bin", "HOME=/tmp", "XDG_RUNTIME_DIR=/nonexistent"]
        variables += environment.map { "\($0.key)=\($0.value)" }
        let extra = socket.map { ["--socket", $0] } ?? []
        let split = arguments.firstIndex(of: "--") ?? arguments.endIndex
        let words = Array(arguments[..<split]) + extra + Array(arguments[split...])
        let command = [Self.folder + "/holdfast"] + words
        let process = try Process(
            command, environment: variables, input: input, directory: directory)
        return process.finish()
    }
}

/// A process under way.
final class Process {
    let pid: pid_t
    /// Until it was seen to end: after that its number may be another's.
    private(set) var isUnderWay = true
    private let output: CInt
    private let errors: CInt

    init(
        _ command: [String], environment: [String]? = nil, input: String = "",
        directory: String? = nil
    ) throws {
        let outputs = (try Self.file(), try Self.file())
        (self.output, self.errors) = outputs
        let source = try Self.file()
        defer { close(source) }
        let bytes = Array(input.utf8)
        guard write(source, bytes, bytes.count) == bytes.count, lseek(source, 0, SEEK_SET) == 0
        else { throw TestFailure("input") }

        var actions = posix_spawn_file_actions_t()
        posix_spawn_file_actions_init(&actions)
        defer { posix_spawn_file_actions_destroy(&actions) }
        posix_spawn_file_actions_adddup2(&actions, source, 0)
        posix_spawn_file_actions_adddup2(&actions, outputs.0, 1)
        posix_spawn_file_actions_adddup2(&actions, outputs.1, 2)
        // The spawn call's own change of directory is hidden from Swift.
        let command = (directory.map { ["/usr/bin/env", "-C", $0] } ?? []) + command
        var arguments = command.map { strdup($0) } + [nil]
        var variables = (environment ?? []).map { strdup($0) } + [nil]
        defer {
            for text in arguments + variables { free(text) }
        }
        var pid: pid_t = 0
        let result =
            environment == nil
            ? posix_spawn(&pid, command[0], &actions, nil, &arguments, environ)
            : posix_spawn(&pid, command[0], &actions, nil, &arguments, &variables)
        guard result == 0 else {
            throw TestFailure("\(command[0]): \(String(cString: strerror(result)))")
        }
        self.pid = pid
    }

    deinit {
        close(self.output)
        close(self.errors)
    }

    func signal(_ number: CInt) {
        kill(self.pid, number)
    }

    /// What it has written so far.
    var outputSoFar: String { Self.text(self.output) }
    var errorsSoFar: String { Self.text(self.errors) }

    /// Waits until its output holds `text`.
    func until(_ text: String, within seconds: Double = 10) throws {
        try self.until("'\(text)' in: \(self.outputSoFar)", within: seconds) {
            self.outputSoFar.contains(text)
        }
    }

    func until(
        _ what: @autoclosure () -> String, within seconds: Double = 10, _ condition: () -> Bool
    ) throws {
        for _ in 0..<Int(seconds * 100) {
            if condition() { return }
            usleep(10_000)
        }
        throw TestFailure("did not happen: \(what())")
    }

    func finish(within seconds: Double = 20) -> Command {
        var status: CInt = 0
        for _ in 0..<Int(seconds * 1000) {
            if waitpid(self.pid, &status, WNOHANG) == self.pid { return self.result(status) }
            usleep(1000)
        }
        self.signal(SIGKILL)
        waitpid(self.pid, &status, 0)
        return self.result(status)
    }

    private func result(_ status: CInt) -> Command {
        self.isUnderWay = false
        let signal = status & 0x7F
        return Command(
            output: self.outputSoFar, errors: self.errorsSoFar,
            status: signal == 0 ? (status >> 8) & 0xFF : -signal)
    }

    /// A file without a name: unlike a pipe it never makes its writer wait.
    private static func file() throws -> CInt {
        var template = Array("/tmp/holdfast-test-XXXXXX".utf8CString)
        let file = mkstemp(&template)
        guard file >= 0, fcntl(file, F_SETFD, FD_CLOEXEC) == 0 else {
            throw TestFailure("mkstemp \(errno)")
        }
        unlink(template)
        return file
    }

    private static func text(_ file: CInt) -> String {
        var bytes: [UInt8] = []
        var buffer = [UInt8](repeating: 0, count: 65_536)
        while true {
            let count = pread(file, &buffer, buffer.count, off_t(bytes.count))
            guard count > 0 else { break }
            bytes += buffer.prefix(count)
        }
        return String(decoding: bytes, as: UTF8.self)
    }
}
