import Glibc

/// A named pipe to which every child of the benchmark writes a line as the first thing it does.
///
/// A figure ends when that line is read here: the shell's own start and our wake-up are in it, so
/// that it is a little more than the time until the child executed.
final class Signposts {
    struct Line {
        let key: String
        let host: String
        let processID: pid_t
        /// When it was read, by `Clock`.
        let at: Double
    }

    let path: String
    private let file: Int32
    private var rest: [UInt8] = []
    private var lines: [Line] = []

    init(_ path: String) throws(Trouble) {
        unlink(path)
        guard mkfifo(path, 0o666) == 0, chmod(path, 0o666) == 0 else {
            throw .system("make \(path)")
        }
        self.path = path
        // For writing too: so it never ends, and no child waits for a reader.
        self.file = open(path, O_RDWR | O_CLOEXEC | O_NONBLOCK)
        guard self.file >= 0 else { throw .system("open \(path)") }
    }

    deinit { close(self.file) }

    /// What a child is to do: tell, then sleep until it is ended.
    var command: [String] {
        [
            "/bin/sh", "-c",
            "echo \"$HOLDFAST_KEY $HOLDFAST_HOST $$\" >\(self.path); exec sleep 100000",
        ]
    }

    /// The next line.
    ///
    /// - Throws: `Trouble` when there is none within `limit` seconds.
    func next(within limit: Double) throws(Trouble) -> Line {
        let start = Clock.now()
        while self.lines.isEmpty {
            let left = limit - (Clock.now() - start)
            guard left > 0 else { throw Trouble("no child told of itself within \(limit) s") }
            var question = pollfd(fd: self.file, events: Int16(POLLIN), revents: 0)
            poll(&question, 1, Int32(left * 1000) + 1)
            self.take()
        }
        return self.lines.removeFirst()
    }

    /// Forgets what nobody asked for.
    func clear() {
        self.take()
        self.lines = []
    }

    private func take() {
        var bytes = [UInt8](repeating: 0, count: 65_536)
        let count = read(self.file, &bytes, bytes.count)
        let now = Clock.now()
        guard count > 0 else { return }
        self.rest += bytes[..<count]
        while let end = self.rest.firstIndex(of: 0x0A) {
            let words = String(decoding: self.rest[..<end], as: UTF8.self)
                .split(separator: " ", omittingEmptySubsequences: false)
            self.rest.removeSubrange(...end)
            guard words.count == 3, let processID = pid_t(words[2]) else { continue }
            self.lines.append(
                Line(
                    key: String(words[0]), host: String(words[1]), processID: processID, at: now))
        }
    }
}
