import Glibc

/// What /proc says about processes that a test did not start itself.
enum ProcessTable {
    /// Whether a process executes, or could: neither gone nor a zombie.
    static func isAlive(_ number: Int32) -> Bool {
        guard let state = Self.state(number) else { return false }
        return state != "Z" && state != "X"
    }

    /// The letter of proc_pid_stat(5).
    static func state(_ number: Int32) -> Character? {
        let text = TestFile.read("/proc/\(number)/stat")
        guard let end = text.lastIndex(of: ")") else { return nil }
        return text[end...].dropFirst(2).first
    }

    /// Every process whose command line or environment holds `mark`, this one apart.
    static func find(_ mark: String) -> [Int32] {
        guard let folder = opendir("/proc") else { return [] }
        defer { closedir(folder) }
        var found: [Int32] = []
        while let entry = readdir(folder) {
            let name = withUnsafeBytes(of: entry.pointee.d_name) { bytes in
                String(decoding: bytes.prefix { $0 != 0 }, as: UTF8.self)
            }
            guard let number = Int32(name), number != getpid(), Self.isAlive(number) else {
                continue
            }
            if TestFile.read("/proc/\(name)/cmdline").contains(mark)
                || TestFile.read("/proc/\(name)/environ").contains(mark)
            {
                found.append(number)
            }
        }
        return found.sorted()
    }
}
