import Glibc

/// What the kernel says of a process.
enum ProcessFacts {
    /// Kilobytes, by the name that /proc/PID/smaps_rollup has for them: `Rss`, `Pss`.
    static func memory(_ processID: pid_t, _ name: String) throws(Trouble) -> Double {
        let text = try Self.read("/proc/\(processID)/smaps_rollup")
        let line = text.split(separator: "\n").first { $0.hasPrefix("\(name):") }
        let words = line?.split(separator: " ") ?? []
        guard words.count > 1, let kilobytes = Double(words[1]) else {
            throw Trouble("cannot read the memory of process \(processID)")
        }
        return kilobytes
    }

    /// Processor time used so far by all its threads, in seconds; in steps of 10 ms.
    static func processorTime(_ processID: pid_t) throws(Trouble) -> Double {
        let text = try Self.read("/proc/\(processID)/stat")
        let fields = text[(text.lastIndex(of: ")") ?? text.startIndex)...].split(separator: " ")
        guard fields.count > 13, let user = Double(fields[12]), let system = Double(fields[13])
        else { throw Trouble("cannot read the times of process \(processID)") }
        return (user + system) / Double(sysconf(Int32(_SC_CLK_TCK)))
    }

    /// How often its threads were switched out, by themselves or not.
    static func wakeUps(_ processID: pid_t) throws(Trouble) -> Double {
        guard let folder = opendir("/proc/\(processID)/task") else {
            throw .system("list the threads of process \(processID)")
        }
        defer { closedir(folder) }
        var count = 0.0
        while let entry = readdir(folder) {
            let name = withUnsafeBytes(of: entry.pointee.d_name) { bytes in
                String(decoding: bytes.prefix { $0 != 0 }, as: UTF8.self)
            }
            guard Int32(name) != nil else { continue }
            let text = try Self.read("/proc/\(processID)/task/\(name)/status")
            for line in text.split(separator: "\n")
            where line.hasPrefix("voluntary_ctxt_switches:") {
                count += Double(line.split(separator: "\t").last ?? "") ?? 0
            }
        }
        return count
    }

    /// The whole text of a file of /proc.
    static func read(_ path: String) throws(Trouble) -> String {
        let file = open(path, O_RDONLY | O_CLOEXEC)
        guard file >= 0 else { throw .system("open \(path)") }
        defer { close(file) }
        var bytes: [UInt8] = []
        var part = [UInt8](repeating: 0, count: 16_384)
        while true {
            let count = Glibc.read(file, &part, part.count)
            guard count >= 0 else { throw .system("read \(path)") }
            guard count > 0 else { return String(decoding: bytes, as: UTF8.self) }
            bytes += part[..<count]
        }
    }
}
