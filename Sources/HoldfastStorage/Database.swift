internal import CSQLite
internal import Glibc

/// The one connection to the database of a data directory, with the settings of D1.
///
/// Knows SQLite and nothing of what is stored. Used from one thread at a time.
final class Database {
    let path: String
    private let handle: OpaquePointer
    /// Kept until the connection is closed.
    private let directory: DataDirectory
    /// Pages in the write-ahead log after the last commit; SQLite writes it from its hook.
    private let logPages: UnsafeMutablePointer<CInt>

    init(in directory: DataDirectory) throws(StoreFailure) {
        self.path = directory.storePath
        self.directory = directory
        var handle: OpaquePointer?
        let flags = SQLITE_OPEN_READWRITE | SQLITE_OPEN_CREATE | SQLITE_OPEN_NOMUTEX
        let code = sqlite3_open_v2(directory.storePath, &handle, flags, nil)
        guard let handle, code == SQLITE_OK else {
            let failure = Self.failure(code, on: handle, path: directory.storePath)
            sqlite3_close_v2(handle)
            throw failure
        }
        self.handle = handle
        self.logPages = .allocate(capacity: 1)
        self.logPages.initialize(to: 0)
        sqlite3_extended_result_codes(handle, 1)
        // SQLite opens what it may not write for reading, without a word.
        guard sqlite3_db_readonly(handle, "main") == 0 else {
            throw .refused(.writeStore, path: self.path, errorNumber: EACCES)
        }
        // First of all, so that no shared memory file is ever made for the log.
        try self.demand("locking_mode", "EXCLUSIVE", found: "exclusive")
        try self.demand("mmap_size", "0", found: "0")
    }

    deinit {
        sqlite3_close_v2(self.handle)
        self.logPages.deallocate()
    }

    func prepare(_ text: String) throws(StoreFailure) -> Statement {
        var statement: OpaquePointer?
        let code = sqlite3_prepare_v3(
            self.handle, text, -1, UInt32(SQLITE_PREPARE_PERSISTENT), &statement, nil)
        guard let statement, code == SQLITE_OK else { throw self.failure(code) }
        return Statement(statement, of: self)
    }

    func run(_ text: String) throws(StoreFailure) {
        try self.prepare(text).run()
    }

    /// The first column of the first row, as text; empty when there is no row.
    func readText(_ text: String) throws(StoreFailure) -> String {
        let statement = try self.prepare(text)
        guard try statement.step() else { return "" }
        return statement.text(0)
    }

    func readNumber(_ text: String) throws(StoreFailure) -> Int64 {
        let statement = try self.prepare(text)
        guard try statement.step() else { return 0 }
        return statement.number(0)
    }

    /// Copies the write-ahead log into the database once it holds `pages` pages, so that it is
    /// overwritten from its start.
    ///
    /// SQLite's own automatic checkpoint is off: it drops the result, and a failed fsync
    /// would pass for a success at the next (D2).
    func checkpoint(atPages pages: CInt) throws(StoreFailure) {
        guard self.logPages.pointee >= pages else { return }
        var (total, copied): (CInt, CInt) = (0, 0)
        let code = sqlite3_wal_checkpoint_v2(
            self.handle, "main", SQLITE_CHECKPOINT_PASSIVE, &total, &copied)
        guard code == SQLITE_OK else { throw self.failure(code) }
        guard total == copied else {
            throw .inputOutput(path: self.path, detail: "the checkpoint stopped half-way")
        }
        self.logPages.pointee = 0
    }

    func failure(_ code: CInt) -> StoreFailure {
        Self.failure(code, on: self.handle, path: self.path)
    }

    /// Makes every commit durable from now on.
    ///
    /// Changes the file, so it must be known as ours.
    func configure() throws(StoreFailure) {
        try self.demand("journal_mode", "WAL", found: "wal")
        try self.run("PRAGMA synchronous = FULL")
        let synchronous = try self.readText("PRAGMA synchronous")
        guard synchronous == "2" else {
            throw .settingIgnored(
                path: self.path, setting: "synchronous = FULL", found: synchronous)
        }
        try self.run("PRAGMA cell_size_check = ON")
        try self.run("PRAGMA trusted_schema = OFF")
        let code = holdfast_sqlite_leave_log_on_close(self.handle)
        guard code == SQLITE_OK else { throw self.failure(code) }
        sqlite3_wal_hook(
            self.handle,
            { context, _, _, pages in
                context?.assumingMemoryBound(to: CInt.self).pointee = pages
                return SQLITE_OK
            }, self.logPages)
    }

    /// Makes a setting and checks that SQLite says it is made.
    private func demand(
        _ setting: String, _ value: String, found expected: String
    ) throws(StoreFailure) {
        let found = try self.readText("PRAGMA \(setting) = \(value)")
        // SQLite built without memory mapping answers nothing about it.
        guard found == expected || (setting == "mmap_size" && found.isEmpty) else {
            throw .settingIgnored(
                path: self.path, setting: "\(setting) = \(value)", found: found)
        }
    }

    private static func failure(
        _ code: CInt, on handle: OpaquePointer?, path: String
    ) -> StoreFailure {
        // SQLite forgets the cause of a failed commit; then the last one of this thread is it.
        let lastErrorNumber = errno
        let known = handle.map { sqlite3_system_errno($0) } ?? 0
        let errorNumber = known == 0 && code & 0xFF == SQLITE_IOERR ? lastErrorNumber : known
        let message = handle.map { String(cString: sqlite3_errmsg($0)) } ?? "out of memory"
        switch code & 0xFF {
        case SQLITE_FULL: return .full(path: path)
        case SQLITE_IOERR where StoreFailure.meansFull(errorNumber):
            return .full(path: path)
        case SQLITE_NOTADB: return .notAStore(path: path)
        case SQLITE_CORRUPT: return .damaged(path: path, detail: message)
        case SQLITE_READONLY, SQLITE_PERM, SQLITE_AUTH:
            return .refused(
                .writeStore, path: path, errorNumber: errorNumber == 0 ? EACCES : errorNumber)
        case SQLITE_CANTOPEN where errorNumber != 0:
            return .refused(.openStore, path: path, errorNumber: errorNumber)
        case SQLITE_BUSY, SQLITE_LOCKED:
            return .inUse(directory: path, process: nil)
        default:
            let cause = errorNumber == 0 ? "" : ": " + String(cString: strerror(errorNumber))
            return .inputOutput(path: path, detail: "\(message) (SQLite \(code))\(cause)")
        }
    }
}
