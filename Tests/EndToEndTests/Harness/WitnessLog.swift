import Glibc

/// Reads what witnesses of one key wrote, and finds every sign of two at once.
///
/// The order of lines is the order in which they were written, by whatever process; so two that
/// execute at the same moment show as a line of a lower token behind one of a higher.
struct WitnessLog {
    struct Run: Equatable {
        var token: UInt64
        var host: String
        var processID: Int32
        /// Seconds of the monotonic clock.
        var first: Double
        var last: Double
        var lineCount: Int
        /// The longest time between two lines.
        var longestPause = 0.0
        /// Lines written while an older witness still had the file's lock.
        var unlockedCount: Int
    }

    let path: String
    private(set) var runs: [Run] = []
    private(set) var violations: [String] = []
    private var offset = 0

    init(_ path: String) {
        self.path = path
    }

    var newest: Run? { self.runs.last }

    /// Takes what was written since the last look.
    mutating func look() {
        let file = open(self.path, O_RDONLY | O_CLOEXEC)
        guard file >= 0 else { return }
        defer { close(file) }
        var part = [UInt8](repeating: 0, count: 1 << 20)
        while true {
            let count = pread(file, &part, part.count, self.offset)
            guard count > 0, let end = part[..<count].lastIndex(of: 0x0A) else { return }
            for line in part[..<end].split(separator: 0x0A, omittingEmptySubsequences: false) {
                self.take(String(decoding: line, as: UTF8.self))
            }
            self.offset += end + 1
        }
    }

    private mutating func take(_ line: String) {
        let fields = line.split(separator: " ")
        guard fields.count == 5, let token = UInt64(fields[0]), let process = Int32(fields[2]),
            let time = Int(fields[4])
        else {
            self.violations.append("a line that no witness writes: '\(line)'")
            return
        }
        let host = String(fields[1])
        let isUnlocked = fields[3].hasSuffix("unlocked")
        let seconds = Double(time) / 1e6
        guard var run = self.runs.last, run.token >= token else {
            if !fields[3].hasPrefix("start") {
                self.violations.append("token \(token) does not begin with its start: '\(line)'")
            }
            self.runs.append(
                Run(
                    token: token, host: host, processID: process, first: seconds, last: seconds,
                    lineCount: 1, unlockedCount: isUnlocked ? 1 : 0))
            return
        }
        guard run.token == token else {
            self.violations.append("token \(token) acts after \(run.token): '\(line)'")
            return
        }
        if run.host != host || run.processID != process || fields[3].hasPrefix("start") {
            self.violations.append("token \(token) was given to two processes: '\(line)'")
        }
        run.longestPause = max(run.longestPause, seconds - run.last)
        run.last = seconds
        run.lineCount += 1
        run.unlockedCount += isUnlocked ? 1 : 0
        self.runs[self.runs.count - 1] = run
    }
}
