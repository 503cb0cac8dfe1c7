internal import Glibc

/// A data directory, locked for this process as long as this object lives.
final class DataDirectory {
    let path: String
    private let directory: FileDescriptor
    private let lock: FileDescriptor

    var storePath: String { self.path + "/store.db" }

    /// Bytes in the main file; 0 where there is none.
    var storeSize: Int { Self.size(of: self.storePath) }
    /// Bytes in the write-ahead log; never 0 once the store is formatted.
    var logSize: Int { Self.size(of: self.storePath + "-wal") }

    /// Opens the directory, or creates it (0700) where its parent exists, and takes the lock.
    ///
    /// - Throws: `.refused`, or `.inUse` where another process or object has the lock.
    init(_ path: String) throws(StoreFailure) {
        guard !path.isEmpty else {
            throw .refused(.createDirectory, path: "(no name)", errorNumber: ENOENT)
        }
        // SQLite would take "file:..." for a URI.
        self.path = path.hasPrefix("/") ? path : "./" + path
        try Self.createIfMissing(self.path)
        self.directory = try FileDescriptor.open(
            self.path, O_RDONLY | O_DIRECTORY, for: .openDirectory)
        let lockPath = self.path + "/lock"
        self.lock = try FileDescriptor.open(lockPath, O_RDWR | O_CREAT, for: .lockDirectory)
        guard flock(self.lock.number, LOCK_EX | LOCK_NB) == 0 else {
            guard errno == EWOULDBLOCK else {
                throw .refused(.lockDirectory, path: lockPath, errorNumber: errno)
            }
            throw .inUse(directory: path, process: self.lock.readProcess())
        }
        try self.lock.writeProcess(getpid(), path: lockPath)
    }

    deinit {
        // Closing is not enough while a process that was just forked still has the descriptor.
        flock(self.lock.number, LOCK_UN)
    }

    /// Makes names created in the directory durable.
    func sync() throws(StoreFailure) {
        guard fsync(self.directory.number) == 0 else {
            throw .refused(.syncDirectory, path: self.path, errorNumber: errno)
        }
    }

    private static func size(of path: String) -> Int {
        var status = stat()
        return stat(path, &status) == 0 ? status.st_size : 0
    }

    private static func createIfMissing(_ path: String) throws(StoreFailure) {
        guard mkdir(path, 0o700) == 0 else {
            guard errno == EEXIST else {
                throw .refused(.createDirectory, path: path, errorNumber: errno)
            }
            return
        }
        let parent = try FileDescriptor.open(
            path + "/..", O_RDONLY | O_DIRECTORY, for: .openDirectory)
        guard fsync(parent.number) == 0 else {
            throw .refused(.syncDirectory, path: path + "/..", errorNumber: errno)
        }
    }
}

/// A descriptor of ours, closed once.
private struct FileDescriptor: ~Copyable {
    let number: CInt

    static func open(
        _ path: String, _ flags: CInt, for step: StoreFailure.Step
    ) throws(StoreFailure) -> FileDescriptor {
        let number = Glibc.open(path, flags | O_CLOEXEC, 0o600)
        guard number >= 0 else { throw .refused(step, path: path, errorNumber: errno) }
        return FileDescriptor(number: number)
    }

    /// The process number in a lock file; `nil` for anything but a positive number.
    borrowing func readProcess() -> Int32? {
        var digits = [UInt8](repeating: 0, count: 12)
        let count = pread(self.number, &digits, digits.count, 0)
        guard count > 0 else { return nil }
        let line = digits[..<count].prefix { (0x30...0x39).contains($0) }
        return Int32(String(decoding: line, as: UTF8.self)).flatMap { $0 > 0 ? $0 : nil }
    }

    borrowing func writeProcess(_ process: Int32, path: String) throws(StoreFailure) {
        let line = Array("\(process)\n".utf8)
        guard ftruncate(self.number, 0) == 0, pwrite(self.number, line, line.count, 0) == line.count
        else {
            throw .refused(.lockDirectory, path: path, errorNumber: errno)
        }
    }

    deinit { close(self.number) }
}
