import Glibc

/// A process that a test started: known by its number, ended by it, and reaped.
final class ChildProcess {
    enum End: Equatable, CustomStringConvertible {
        case exited(Int32)
        case signalled(Int32)

        var description: String {
            switch self {
            case .exited(let code): "exit status \(code)"
            case .signalled(let number): "signal \(number)"
            }
        }
    }

    let processID: Int32
    private(set) var end: End?

    /// POSIX_SPAWN_SETSID, which the module map of glibc leaves out.
    private static let ownProcessSession: Int16 = 0x80

    /// Starts `command`, an absolute path and its arguments, with both outputs appended to a file.
    init(_ command: [String], output: String, environment: [String] = []) throws {
        Self.keepDescriptors()
        var actions = posix_spawn_file_actions_t()
        posix_spawn_file_actions_init(&actions)
        defer { posix_spawn_file_actions_destroy(&actions) }
        posix_spawn_file_actions_addopen(&actions, 0, "/dev/null", O_RDONLY, 0)
        posix_spawn_file_actions_addopen(
            &actions, 1, output, O_WRONLY | O_CREAT | O_APPEND, 0o644)
        posix_spawn_file_actions_adddup2(&actions, 1, 2)
        var attributes = posix_spawnattr_t()
        posix_spawnattr_init(&attributes)
        defer { posix_spawnattr_destroy(&attributes) }
        // A process session of its own, and none of the signal masks of the test's threads.
        var none = sigset_t()
        sigemptyset(&none)
        posix_spawnattr_setsigmask(&attributes, &none)
        posix_spawnattr_setflags(
            &attributes, Self.ownProcessSession | Int16(POSIX_SPAWN_SETSIGMASK))
        let variables = [
            "PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin",
            "SWIFT_BACKTRACE=enable=no",
        ]
        var arguments = command.map { strdup($0) } + [nil]
        var values = (variables + environment).map { strdup($0) } + [nil]
        defer { for text in arguments + values { free(text) } }
        var number: pid_t = 0
        let result = posix_spawn(
            &number, command[0], &actions, &attributes, &arguments, &values)
        guard result == 0 else {
            throw Trouble("cannot start \(command[0]): \(String(cString: strerror(result)))")
        }
        self.processID = number
    }

    deinit {
        if self.isAlive { self.kill() }
    }

    /// Looks, and reaps.
    var isAlive: Bool {
        guard self.end == nil else { return false }
        var status: Int32 = 0
        guard waitpid(self.processID, &status, WNOHANG) == self.processID else { return true }
        self.take(status)
        return false
    }

    func signal(_ number: Int32) {
        guard self.isAlive else { return }
        Glibc.kill(self.processID, number)
    }

    /// SIGKILL, and waits until it is gone.
    func kill() {
        guard self.isAlive else { return }
        Glibc.kill(self.processID, SIGKILL)
        var status: Int32 = 0
        guard waitpid(self.processID, &status, 0) == self.processID else { return }
        self.take(status)
    }

    /// - Returns: How it ended; `nil` when it lives on after so many seconds.
    func waitForEnd(_ limit: Double) -> End? {
        let start = Instant.now()
        while self.isAlive {
            guard Instant.now() - start < limit else { return nil }
            Instant.pause(0.005)
        }
        return self.end
    }

    /// What this process has open is not for its children.
    private static func keepDescriptors() {
        for number in Int32(3)..<256 where fcntl(number, F_GETFD) >= 0 {
            _ = fcntl(number, F_SETFD, FD_CLOEXEC)
        }
    }

    private func take(_ status: Int32) {
        self.end =
            status & 0x7F == 0 ? .exited(status >> 8 & 0xFF) : .signalled(status & 0x7F)
    }
}
