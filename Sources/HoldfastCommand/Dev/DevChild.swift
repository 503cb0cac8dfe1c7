internal import Glibc

/// A program that is started again whenever it ends, ever more slowly while it ends soon.
struct DevChild {
    static let firstDelay = 0.1
    static let longestDelay = 5.0
    /// Whoever lived so long starts again at the first delay.
    static let provenAfter = 10.0
    private static let logBytes = 16 * 1024 * 1024

    enum State: Equatable {
        case running(pid: pid_t, since: Double)
        /// To be started at this time.
        case waiting(until: Double)
        case over
    }

    let program: DevProgram
    private(set) var state = State.waiting(until: 0)
    private(set) var delay = Self.firstDelay
    private(set) var starts = 0

    init(_ program: DevProgram) {
        self.program = program
    }

    var pid: pid_t? {
        if case .running(let pid, _) = self.state { pid } else { nil }
    }

    /// Starts it; on failure it waits for its next turn.
    ///
    /// - Returns: 0, or the error number.
    mutating func start(at now: Double) -> CInt {
        self.rotateLog()
        var pid: pid_t = 0
        let result = Self.spawn(self.program, &pid)
        self.starts += 1
        if result == 0 {
            self.state = .running(pid: pid, since: now)
        } else {
            self.backOff(at: now, lived: 0)
        }
        return result
    }

    /// It has ended and was reaped; returns after how long it is started again.
    mutating func ended(at now: Double) -> Double {
        guard case .running(_, let since) = self.state else { return 0 }
        return self.backOff(at: now, lived: now - since)
    }

    /// It isn't to be started any more.
    mutating func retire() {
        if self.pid == nil { self.state = .over }
    }

    mutating func endedForGood() {
        self.state = .over
    }

    @discardableResult
    private mutating func backOff(at now: Double, lived: Double) -> Double {
        if lived >= Self.provenAfter { self.delay = Self.firstDelay }
        let delay = self.delay
        self.state = .waiting(until: now + delay)
        self.delay = min(Self.longestDelay, delay * 2)
        return delay
    }

    /// The log of a program that ends again and again must not fill the disk.
    private func rotateLog() {
        var status = stat()
        guard stat(self.program.log, &status) == 0, status.st_size > Self.logBytes else { return }
        rename(self.program.log, self.program.log + ".1")
    }

    /// Begins a process whose outputs go to its log.
    ///
    /// It has a process group of its own, so that Ctrl-C in a terminal reaches only us, and no
    /// signal blocked or ignored. To be called on the main thread: the child is to end with its
    /// parent, which for the kernel is the thread that made it (prctl(2), PR_SET_PDEATHSIG).
    private static func spawn(_ program: DevProgram, _ pid: inout pid_t) -> CInt {
        var actions = posix_spawn_file_actions_t()
        posix_spawn_file_actions_init(&actions)
        defer { posix_spawn_file_actions_destroy(&actions) }
        posix_spawn_file_actions_addopen(&actions, STDIN_FILENO, "/dev/null", O_RDONLY, 0)
        posix_spawn_file_actions_addopen(
            &actions, STDOUT_FILENO, program.log, O_WRONLY | O_CREAT | O_APPEND, 0o644)
        posix_spawn_file_actions_adddup2(&actions, STDOUT_FILENO, STDERR_FILENO)

        var attributes = posix_spawnattr_t()
        posix_spawnattr_init(&attributes)
        defer { posix_spawnattr_destroy(&attributes) }
        var none = sigset_t()
        var all = sigset_t()
        sigemptyset(&none)
        sigfillset(&all)
        posix_spawnattr_setsigmask(&attributes, &none)
        posix_spawnattr_setsigdefault(&attributes, &all)
        posix_spawnattr_setpgroup(&attributes, 0)
        let flags = POSIX_SPAWN_SETSIGMASK | POSIX_SPAWN_SETSIGDEF | POSIX_SPAWN_SETPGROUP
        posix_spawnattr_setflags(&attributes, Int16(flags))

        var arguments: [UnsafeMutablePointer<CChar>?] =
            ([program.executable] + program.arguments).map { strdup($0) } + [nil]
        defer { for argument in arguments { free(argument) } }
        return posix_spawn(&pid, program.executable, &actions, &attributes, &arguments, environ)
    }
}
