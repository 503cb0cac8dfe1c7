internal import Glibc
internal import HoldfastCore

/// Keeps the processes of a development cluster running until it is told to end, then ends them.
///
/// Runs on the main thread and waits in sigtimedwait(2): for children that end, for the signals
/// that end us, and for the time of the next start.
struct DevSupervisor {
    /// For the stop sequences of the jobs and the guard's report of them.
    private static let guardPatience = 20.0
    private static let agentPatience = 5.0

    private var children: [DevChild]
    private var signals = sigset_t()
    private let report: (_ host: String, _ text: String) -> Void

    /// Blocks the signals it waits for in this thread and all that come from it.
    ///
    /// `report` gets one line about everything that happens to a process.
    init(
        _ programs: [DevProgram], report: @escaping (_ host: String, _ text: String) -> Void
    ) {
        self.children = programs.map(DevChild.init)
        self.report = report
        sigemptyset(&self.signals)
        for signal in [SIGINT, SIGTERM, SIGHUP, SIGCHLD] { sigaddset(&self.signals, signal) }
        pthread_sigmask(SIG_BLOCK, &self.signals, nil)
    }

    /// Starts everything, and returns once everything has ended after a signal to end.
    mutating func run() {
        while true {
            self.startWhatIsDue()
            switch self.wait(until: self.nextStart) {
            case SIGCHLD, 0: self.reap(isEnding: false)
            default: return self.end()
            }
        }
    }

    // MARK: - Keeping them running

    private mutating func startWhatIsDue() {
        let now = Self.now()
        for index in self.children.indices {
            guard case .waiting(let time) = self.children[index].state, time <= now else {
                continue
            }
            let isFirst = self.children[index].starts == 0
            let number = self.children[index].start(at: now)
            let program = self.children[index].program
            if number != 0 {
                let why = String(cString: strerror(number))
                self.say(program, "cannot be started: \(program.executable): \(why)")
            } else if let pid = self.children[index].pid {
                self.say(program, "\(isFirst ? "started" : "started again") (pid \(pid))")
            }
        }
    }

    private var nextStart: Double? {
        self.children.compactMap {
            if case .waiting(let time) = $0.state { time } else { nil }
        }.min()
    }

    private mutating func reap(isEnding: Bool) {
        for index in self.children.indices {
            var status: CInt = 0
            guard let pid = self.children[index].pid, waitpid(pid, &status, WNOHANG) == pid
            else { continue }
            let program = self.children[index].program
            let how = Self.ending(status)
            guard !isEnding else {
                self.children[index].endedForGood()
                self.say(program, how)
                continue
            }
            let delay = self.children[index].ended(at: Self.now())
            // What a signal ended had no time for last words.
            let hasSpoken = status & 0x7F == 0 && status != 0
            let last = hasSpoken ? DevLog.lastLine(program.log).map { " (\($0))" } : nil
            self.say(program, "\(how), starts again in \(Words.span(delay))\(last ?? "")")
        }
    }

    // MARK: - Ending

    /// Ends everything; a second signal cuts the waiting short.
    ///
    /// The guards come first: they stop their jobs and tell their agents how that went.
    private mutating func end() {
        self.report("", "ending: the jobs are stopped first")
        for index in self.children.indices { self.children[index].retire() }
        for (role, patience) in [
            (DevProgram.Role.guardProcess, Self.guardPatience), (.agent, Self.agentPatience),
        ] {
            self.signal(role, SIGTERM)
            // One that was stopped couldn't take the other.
            self.signal(role, SIGCONT)
            self.awaitEnd(of: role, until: Self.now() + patience)
            self.signal(role, SIGKILL)
            self.awaitEnd(of: role, until: Self.now() + Self.agentPatience)
        }
    }

    private mutating func awaitEnd(of role: DevProgram.Role, until deadline: Double) {
        while self.children.contains(where: { $0.program.role == role && $0.pid != nil }) {
            switch self.wait(until: deadline) {
            case SIGCHLD: self.reap(isEnding: true)
            case 0:
                self.reap(isEnding: true)
                if Self.now() >= deadline { return }
            default:
                self.report("", "ending at once")
                return
            }
        }
    }

    private func signal(_ role: DevProgram.Role, _ number: CInt) {
        for child in self.children where child.program.role == role {
            if let pid = child.pid { kill(pid, number) }
        }
    }

    // MARK: - Waiting

    /// The signal that came, or 0 when the time has come.
    private func wait(until time: Double?) -> CInt {
        var signals = self.signals
        guard let time else {
            let number = sigwaitinfo(&signals, nil)
            return number < 0 ? 0 : number
        }
        let span = max(0, time - Self.now())
        var limit = timespec(
            tv_sec: Int(span), tv_nsec: Int((span - span.rounded(.down)) * 1_000_000_000))
        let number = sigtimedwait(&signals, nil, &limit)
        return number < 0 ? 0 : number
    }

    private func say(_ program: DevProgram, _ text: String) {
        self.report(program.host, "\(program.role.rawValue) \(text)")
    }

    /// Decodes a wait status as wait(2) says; the macros don't reach Swift.
    private static func ending(_ status: CInt) -> String {
        let signal = status & 0x7F
        return signal == 0 ? "exited \((status >> 8) & 0xFF)" : "killed by signal \(signal)"
    }

    private static func now() -> Double {
        var time = timespec()
        clock_gettime(CLOCK_MONOTONIC, &time)
        return Double(time.tv_sec) + Double(time.tv_nsec) * 1e-9
    }
}
