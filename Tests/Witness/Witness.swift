import Glibc

/// A job that testifies: while it runs it appends a line to a shared file every few milliseconds.
///
///     witness FILE [--for MILLISECONDS] [--code N] [--every MILLISECONDS] [--ignore-term]
///
/// Lines are `TOKEN HOST PID WORD MICROSECONDS`, each written by one write(2) to a file opened for
/// appending, so that their order in the file is the order in which they were written; the last
/// field is CLOCK_MONOTONIC. Two witnesses that execute at the same time show as a line of a lower
/// token after one of a higher token. It also tries to take the file's lock; that fails, and is
/// told as `unlocked`, while an older witness exists that is frozen and not yet killed.
///
/// SIGUSR1 ends it with status 42.
@main
enum Witness {
    static func main() {
        let arguments = Array(CommandLine.arguments.dropFirst())
        guard let path = arguments.first else { exit(64) }
        let lifetime = option("--for", arguments).flatMap { Int($0) }
        let code = option("--code", arguments).flatMap { Int32($0) } ?? 0
        let interval = option("--every", arguments).flatMap { UInt32($0) } ?? 3
        if arguments.contains("--ignore-term") { signal(SIGTERM, SIG_IGN) }
        signal(SIGUSR1) { _ in _exit(42) }

        let file = open(path, O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC, 0o666)
        guard file >= 0 else { exit(74) }
        var isLocked = flock(file, LOCK_EX | LOCK_NB) == 0
        say(isLocked ? "start" : "start-unlocked", file)
        let began = microseconds()
        while lifetime.map({ microseconds() - began < $0 * 1000 }) ?? true {
            usleep(interval * 1000)
            if !isLocked { isLocked = flock(file, LOCK_EX | LOCK_NB) == 0 }
            say(isLocked ? "beat" : "unlocked", file)
        }
        say("end", file)
        exit(code)
    }

    private static func option(_ name: String, _ arguments: [String]) -> String? {
        guard let index = arguments.firstIndex(of: name), index + 1 < arguments.count else {
            return nil
        }
        return arguments[index + 1]
    }

    private static func microseconds() -> Int {
        var time = timespec()
        clock_gettime(CLOCK_MONOTONIC, &time)
        return time.tv_sec * 1_000_000 + time.tv_nsec / 1000
    }

    private static func say(_ word: String, _ file: Int32) {
        let token = getenv("HOLDFAST_TOKEN").map { String(cString: $0) } ?? "0"
        let host = getenv("HOLDFAST_HOST").map { String(cString: $0) } ?? "-"
        let line = "\(token) \(host) \(getpid()) \(word) \(microseconds())\n"
        guard write(file, line, line.utf8.count) == line.utf8.count else { exit(74) }
    }
}
