import Foundation
import Testing

@testable import HoldfastStorage

extension StorageTests {
    @Suite("Database")
    struct DatabaseTests {
        let scratch: Scratch

        init() throws { self.scratch = try Scratch() }

        @Test(
            "D1: the settings on which durability rests are read back",
            arguments: [
                ("synchronous", "2"), ("journal_mode", "wal"), ("locking_mode", "exclusive"),
                ("mmap_size", "0"), ("wal_autocheckpoint", "0"),
            ])
        func settings(name: String, value: String) throws {
            _ = try self.scratch.load()
            let database = try Database(in: DataDirectory(self.scratch.data))
            try database.configure()
            #expect(try database.readText("PRAGMA \(name)") == value)
            #expect(!FileManager.default.fileExists(atPath: self.scratch.database + "-shm"))
        }
    }
}
