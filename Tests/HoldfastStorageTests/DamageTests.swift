import CSQLite
import Foundation
import HoldfastCore
import HoldfastPaxos
import HoldfastStorage
import Testing

extension StorageTests {
    @Suite("Damage to a store")
    struct DamageTests {
        let scratch: Scratch

        init() throws { self.scratch = try Scratch() }

        @Test(
            "D1: a row changed behind our back is not believed",
            arguments: [
                "UPDATE registers SET value = x'0201'",
                "UPDATE registers SET counter = counter - 1",
                "UPDATE registers SET incarnation = 0", "UPDATE registers SET key = x'78'",
                "UPDATE registers SET bucket = x'2e'", "UPDATE registers SET checksum = 0",
                "UPDATE facts SET value = zeroblob(8) WHERE name = CAST('ceiling' AS BLOB)",
                "DELETE FROM facts WHERE name = CAST('acceptor' AS BLOB)",
                "UPDATE facts SET value = x'6832' WHERE name = CAST('host' AS BLOB)",
            ])
        func row(statement: String) throws {
            try self.scratch.open().commit([.accepted("k", 7, [1, 2]), .ceiling(7)])
            var handle: OpaquePointer?
            #expect(sqlite3_open(self.scratch.database, &handle) == SQLITE_OK)
            #expect(sqlite3_exec(handle, "PRAGMA journal_mode", nil, nil, nil) == SQLITE_OK)
            #expect(sqlite3_exec(handle, statement, nil, nil, nil) == SQLITE_OK)
            #expect(sqlite3_changes(handle) == 1)
            holdfast_sqlite_leave_log_on_close(handle)
            sqlite3_close(handle)
            let failure = #expect(throws: StoreFailure.self) { try self.scratch.load() }
            guard case .damaged(self.scratch.database, _) = failure else {
                Issue.record("\(String(describing: failure))")
                return
            }
        }

        /// Goal: no byte of the main file can change and change what we believe.
        ///
        /// Method: move everything into the main file, flip one random bit, open and load; either
        /// that fails, or it gives the state that was written. The failure names seed and position.
        @Test("D1: a flipped bit is found or harmless", arguments: UInt64(1)...3)
        func flippedBit(seed: UInt64) throws {
            let expected = try self.fillMainFile()
            let original = try Data(contentsOf: URL(filePath: self.scratch.database))
            var random = Randomness(seed: seed)
            var found = 0
            for _ in 0..<30 {
                let position = Int.random(in: 0..<original.count, using: &random)
                var byte = original[position] ^ (1 << UInt8.random(in: 0..<8, using: &random))
                try self.overwrite(at: position, with: &byte)
                do {
                    let state = try self.scratch.load()
                    #expect(state == expected, "seed \(seed), byte \(position)")
                } catch let failure as StoreFailure {
                    found += 1
                    #expect(failure.exitStatus != .success)
                }
                byte = original[position]
                try self.overwrite(at: position, with: &byte)
            }
            #expect(found > 15)
            #expect(try self.scratch.load() == expected)
        }

        @Test("a file cut short is found", arguments: [0, 1, 511, 512, 4096, 8192, 100_000])
        func torn(size: Int) throws {
            _ = try self.fillMainFile()
            #expect(truncate(self.scratch.database, size) == 0)
            #expect(throws: StoreFailure.self) { try self.scratch.load() }
        }

        @Test("a store without its write-ahead log is refused, again and again")
        func missingLog() throws {
            try self.scratch.open().commit([.ceiling(3)])
            try FileManager.default.removeItem(atPath: self.scratch.log)
            for _ in 0..<2 {
                #expect(throws: StoreFailure.logMissing(directory: self.scratch.data)) {
                    try self.scratch.open()
                }
            }
        }

        @Test("a store without its main file is refused, and its log kept")
        func missingMainFile() throws {
            try self.scratch.open().commit([.ceiling(3)])
            try FileManager.default.moveItem(
                atPath: self.scratch.database, toPath: self.scratch.database + ".aside")
            #expect(throws: StoreFailure.self) { try self.scratch.open() }
            try FileManager.default.moveItem(
                atPath: self.scratch.database + ".aside", toPath: self.scratch.database)
            #expect(try self.scratch.load().ceiling == 3)
        }

        @Test("a torn last write does not harm what was committed before it")
        func tornLog() throws {
            try self.scratch.open().commit([.accepted("k", 7, [1, 2])])
            let log = try FileHandle(forWritingTo: URL(filePath: self.scratch.log))
            try log.seekToEnd()
            try log.write(contentsOf: Data(repeating: 0x5A, count: 5000))
            try log.close()
            #expect(try self.scratch.load().registers.count == 1)
        }

        /// Writes until the log was copied into the main file and begun anew.
        private func fillMainFile() throws -> DurableState {
            var expected = DurableState(acceptor: Scratch.identity)
            let store = try self.scratch.open()
            for counter in 1...UInt64(45) {
                let size = counter < 44 ? 100_000 : 10
                let write = DurableWrite.accepted(
                    "k\(counter)", counter, Array(repeating: UInt8(counter), count: size))
                try store.commit([write])
                expected.apply(write)
            }
            return expected
        }

        private func overwrite(at position: Int, with byte: inout UInt8) throws {
            let file = open(self.scratch.database, O_WRONLY)
            try #require(pwrite(file, &byte, 1, position) == 1)
            close(file)
        }
    }
}
