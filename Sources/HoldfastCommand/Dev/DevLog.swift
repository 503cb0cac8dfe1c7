internal import Glibc

/// The end of a log, to show why its program has ended.
enum DevLog {
    private static let bytes = 300

    /// The last line with something on it, cut to 300 bytes and made printable.
    static func lastLine(_ path: String) -> String? {
        let file = open(path, O_RDONLY | O_CLOEXEC)
        guard file >= 0 else { return nil }
        defer { close(file) }
        let size = lseek(file, 0, SEEK_END)
        var buffer = [UInt8](repeating: 0, count: Self.bytes)
        let count = pread(file, &buffer, buffer.count, max(0, size - off_t(Self.bytes)))
        let lines = String(decoding: buffer.prefix(max(0, count)), as: UTF8.self)
            .split(whereSeparator: \.isNewline)
        return lines.last.map { Printable.text(String($0)) }
    }
}
