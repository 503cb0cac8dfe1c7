import Glibc

/// A process that the benchmark started.
///
/// In a process group of its own: Ctrl-C in a terminal ends the benchmark, whose end the programs
/// that were started with --exit-with-parent take as the order to end in order.
final class Spawned {
    let processID: pid_t
    private var isReaped = false

    init(_ command: [String], output: String) throws(Trouble) {
        self.processID = try Self.start(command, output: output)
    }

    deinit { self.kill() }

    /// Starts a command, given by its absolute path and its arguments; returns once it executes.
    static func start(_ command: [String], output: String) throws(Trouble) -> pid_t {
        var actions = posix_spawn_file_actions_t()
        posix_spawn_file_actions_init(&actions)
        defer { posix_spawn_file_actions_destroy(&actions) }
        posix_spawn_file_actions_addopen(&actions, 0, "/dev/null", O_RDONLY, 0)
        posix_spawn_file_actions_addopen(&actions, 1, output, O_WRONLY | O_CREAT | O_APPEND, 0o644)
        posix_spawn_file_actions_adddup2(&actions, 1, 2)
        var attributes = posix_spawnattr_t()
        posix_spawnattr_init(&attributes)
        defer { posix_spawnattr_destroy(&attributes) }
        posix_spawnattr_setpgroup(&attributes, 0)
        posix_spawnattr_setflags(&attributes, Int16(POSIX_SPAWN_SETPGROUP))
        var arguments = command.map { strdup($0) } + [nil]
        var variables = [strdup("PATH=/usr/bin:/bin"), nil]
        defer { for text in arguments + variables { free(text) } }
        var processID: pid_t = 0
        let result = posix_spawn(
            &processID, command[0], &actions, &attributes, &arguments, &variables)
        guard result == 0 else {
            throw Trouble("cannot start \(command[0]): \(String(cString: strerror(result)))")
        }
        return processID
    }

    /// Runs a command to its end.
    ///
    /// - Returns: Its wait status.
    static func run(_ command: [String], output: String = "/dev/null") throws(Trouble) -> Int32 {
        let processID = try Self.start(command, output: output)
        var status: Int32 = 0
        guard waitpid(processID, &status, 0) == processID else { throw .system("wait") }
        return status
    }

    var isAlive: Bool {
        if !self.isReaped { self.isReaped = waitpid(self.processID, nil, WNOHANG) != 0 }
        return !self.isReaped
    }

    func signal(_ number: Int32) {
        if self.isAlive { Glibc.kill(self.processID, number) }
    }

    /// SIGTERM, and after `limit` seconds SIGKILL.
    func end(within limit: Double) {
        self.signal(SIGTERM)
        let start = Clock.now()
        while self.isAlive, Clock.now() - start < limit { Clock.pause(0.005) }
        self.kill()
    }

    func kill() {
        guard self.isAlive else { return }
        Glibc.kill(self.processID, SIGKILL)
        waitpid(self.processID, nil, 0)
        self.isReaped = true
    }
}
