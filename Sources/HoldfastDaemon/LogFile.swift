import Glibc
import HoldfastJobs

/// What one job writes, in files of bounded size: `KEY.log`, then `KEY.log.1` and so on, older.
///
/// Used from one thread. A write that fails loses what it would have written, and is counted; a
/// full disk must not stop the job, nor the agent.
final class LogFile {
    private let path: String
    private var policy: LogPolicy
    private var descriptor: Int32 = -1
    private var size: UInt64 = 0
    /// Bytes that could not be written since the file was opened.
    private(set) var lostBytes: UInt64 = 0

    init(path: String, policy: LogPolicy) {
        self.path = path
        self.policy = policy
    }

    deinit {
        if self.descriptor >= 0 { close(self.descriptor) }
    }

    func set(_ policy: LogPolicy) { self.policy = policy }

    func append(_ bytes: UnsafeRawBufferPointer) {
        if self.descriptor < 0 { self.open() }
        if self.size > 0, self.size + UInt64(bytes.count) > self.policy.fileBytes {
            self.rotate()
        }
        var rest = bytes
        while !rest.isEmpty {
            let written = write(self.descriptor, rest.baseAddress, rest.count)
            if written < 0, errno == EINTR { continue }
            guard written > 0 else {
                self.lostBytes += UInt64(rest.count)
                return
            }
            self.size += UInt64(written)
            rest = UnsafeRawBufferPointer(rebasing: rest[written...])
        }
    }

    private func open() {
        self.descriptor = Glibc.open(
            self.path,
            O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC | O_NOFOLLOW | O_NONBLOCK, 0o640)
        var status = stat()
        self.size = fstat(self.descriptor, &status) == 0 ? UInt64(max(0, status.st_size)) : 0
    }

    private func rotate() {
        if self.descriptor >= 0 { close(self.descriptor) }
        self.descriptor = -1
        let count = Int(self.policy.fileCount)
        for number in stride(from: count - 1, through: 1, by: -1) {
            let from = number == 1 ? self.path : "\(self.path).\(number - 1)"
            rename(from, "\(self.path).\(number)")
        }
        if count == 1 { unlink(self.path) }
        self.open()
    }

    /// The last `lines` lines, over as many files as that takes, at most `limit` bytes.
    static func tail(path: String, lines: Int, limit: Int) -> [UInt8] {
        guard lines > 0 else { return [] }
        var found: [UInt8] = []
        for number in 0..<100 {
            let file = number == 0 ? path : "\(path).\(number)"
            guard let bytes = Self.end(of: file, limit: limit - found.count) else { break }
            found = bytes + found
            if found.count >= limit || Self.lineCount(found) > lines { break }
        }
        return Self.last(lines, of: found)
    }

    private static func lineCount(_ bytes: [UInt8]) -> Int {
        bytes.reduce(0) { $0 + ($1 == 0x0A ? 1 : 0) }
    }

    private static func last(_ lines: Int, of bytes: [UInt8]) -> [UInt8] {
        var seen = 0
        var start = bytes.endIndex
        while start > bytes.startIndex {
            let isEnd = bytes[start - 1] == 0x0A && start != bytes.endIndex
            if isEnd {
                seen += 1
                if seen == lines { break }
            }
            start -= 1
        }
        return Array(bytes[start...])
    }

    private static func end(of path: String, limit: Int) -> [UInt8]? {
        let file = Glibc.open(path, O_RDONLY | O_CLOEXEC | O_NOFOLLOW | O_NONBLOCK)
        guard file >= 0 else { return nil }
        defer { close(file) }
        let size = lseek(file, 0, SEEK_END)
        guard size >= 0 else { return nil }
        let count = min(Int(size), limit)
        var bytes = [UInt8](repeating: 0, count: count)
        let read = pread(file, &bytes, count, size - off_t(count))
        return Array(bytes.prefix(max(0, read)))
    }
}
