internal import CSQLite

/// A prepared statement; keeps its connection open.
final class Statement {
    private let handle: OpaquePointer
    private let database: Database

    init(_ handle: OpaquePointer, of database: Database) {
        self.handle = handle
        self.database = database
    }

    deinit { sqlite3_finalize(self.handle) }

    /// Binds the parameter `index`, counted from 1, to the bytes of `text`.
    func bind(_ index: CInt, _ text: String) throws(StoreFailure) {
        var text = text
        try self.check(
            text.withUTF8 {
                holdfast_sqlite_bind_bytes(self.handle, index, $0.baseAddress, CInt($0.count))
            })
    }

    func bind(_ index: CInt, _ bytes: [UInt8]) throws(StoreFailure) {
        try self.check(
            bytes.withUnsafeBytes {
                holdfast_sqlite_bind_bytes(self.handle, index, $0.baseAddress, CInt($0.count))
            })
    }

    func bind(_ index: CInt, _ number: Int64) throws(StoreFailure) {
        try self.check(sqlite3_bind_int64(self.handle, index, number))
    }

    /// Goes on to the next row; false when there is none.
    func step() throws(StoreFailure) -> Bool {
        switch sqlite3_step(self.handle) {
        case SQLITE_ROW: true
        case SQLITE_DONE: false
        case let code: throw self.database.failure(code)
        }
    }

    /// Runs to the end and makes ready for the next run.
    func run() throws(StoreFailure) {
        while try self.step() {}
        try self.check(sqlite3_reset(self.handle))
    }

    /// The column `index`, counted from 0, of the present row.
    func number(_ index: CInt) -> Int64 { sqlite3_column_int64(self.handle, index) }

    func bytes(_ index: CInt) -> [UInt8] {
        // In this order, as SQLite asks for: the first call may convert the value.
        let start = sqlite3_column_blob(self.handle, index)
        let count = Int(sqlite3_column_bytes(self.handle, index))
        return Array(UnsafeRawBufferPointer(start: start, count: start == nil ? 0 : count))
    }

    func text(_ index: CInt) -> String { String(decoding: self.bytes(index), as: UTF8.self) }

    private func check(_ code: CInt) throws(StoreFailure) {
        guard code == SQLITE_OK else { throw self.database.failure(code) }
    }
}
