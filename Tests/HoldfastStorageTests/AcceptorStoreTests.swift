import CSQLite
import Foundation
import HoldfastCore
import HoldfastPaxos
import HoldfastStorage
import Testing

extension StorageTests {
    @Suite("Acceptor store")
    struct AcceptorStoreTests {
        let scratch: Scratch

        init() throws { self.scratch = try Scratch() }

        @Test(
            "a fresh directory is made, for its owner alone, and holds an identity and nothing else"
        )
        func fresh() throws {
            #expect(try self.scratch.load() == DurableState(acceptor: Scratch.identity))
            var status = stat()
            #expect(stat(self.scratch.data, &status) == 0)
            #expect(status.st_mode & 0o777 == 0o700)
        }

        @Test("what was committed is there after opening again, last write of a register first")
        func reopen() throws {
            var expected = DurableState(acceptor: Scratch.identity)
            let batches: [[DurableWrite]] = [
                [.configuration([1, 2]), .ceiling(1000)],
                [
                    .accepted("a", 1, []), .accepted("b", .max >> 2, [0, 255]),
                    .accepted("a", 2, [7]),
                ],
                [.accepted("ä\u{0}\u{1F600}", 3, Array(repeating: 9, count: 256 * 1024))], [],
                [.accepted("b", 1 << 62, [1]), .configuration([3])],
            ]
            for batch in batches {
                try self.scratch.open().commit(batch)
                for write in batch { expected.apply(write) }
            }
            let other = AcceptorID(high: 1, low: 1)
            let store = try self.scratch.open(identity: other)
            #expect(store.acceptor == Scratch.identity)
            #expect(try store.load() == expected)
        }

        @Test("the ceiling never goes down, within a commit or after opening again")
        func ceiling() throws {
            try self.scratch.open().commit([.ceiling(10), .ceiling(5)])
            #expect(try self.scratch.load().ceiling == 10)
            let store = try self.scratch.open()
            try store.commit([.ceiling(9)])
            try store.commit([.ceiling(0)])
            #expect(try store.load().ceiling == 10)
        }

        @Test("two spellings of one letter are two registers, on disk as in memory")
        func spellings() throws {
            let writes: [DurableWrite] = [
                .accepted("e\u{301}", 9, [9]), .accepted("\u{E9}", 5, [5]),
                .accepted("e\u{301}", 10, [10]),
            ]
            var expected = DurableState(acceptor: Scratch.identity)
            for write in writes { expected.apply(write) }
            try self.scratch.open().commit(writes)
            let state = try self.scratch.load()
            #expect(state == expected)
            #expect(state.registers.count == 2)
            #expect(state.registers[RegisterID(bucket: ".keys", key: "\u{E9}")]?.value == [5])
        }

        @Test(
            "D1: the write-ahead log is overwritten, not grown for ever, and nothing is lost by it")
        func checkpoints() throws {
            var expected = DurableState(acceptor: Scratch.identity)
            var store: AcceptorStore? = try self.scratch.open()
            for counter in 1...UInt64(150) {
                let write = DurableWrite.accepted(
                    "k\(counter % 7)", counter, Array(repeating: UInt8(counter), count: 200_000))
                try store?.commit([write])
                expected.apply(write)
            }
            let size = try FileManager.default.attributesOfItem(atPath: self.scratch.log)[.size]
            #expect(try #require(size as? Int) < 8 << 20)
            #expect(try store?.load() == expected)
            store = nil
            #expect(try self.scratch.load() == expected)
        }

        @Test("D1: a second process is told who has the directory")
        func lock() throws {
            let writer = try Writer([self.scratch.data, "--count", "0"])
            defer { writer.kill() }
            #expect(writer.readLine() == "ready")
            let failure = #expect(throws: StoreFailure.self) { try self.scratch.open() }
            #expect(failure == .inUse(directory: self.scratch.data, process: writer.process))
            #expect(failure?.why == "data directory in use by process \(writer.process)")
            #expect(failure?.exitStatus == .temporary)
            writer.kill()
            #expect(throws: Never.self) { try self.scratch.open() }
        }

        @Test("a data directory of another host is refused, and stays as it was")
        func otherHost() throws {
            try self.scratch.open().commit([.ceiling(3)])
            let failure = #expect(throws: StoreFailure.self) { try self.scratch.open(host: "h2") }
            #expect(failure?.exitStatus == .configuration)
            #expect(failure?.why == "it belongs to host h1, and this host is h2")
            #expect(try self.scratch.load().ceiling == 3)
        }

        @Test("M4: a copied data directory is refused, also where it takes the place of the first")
        func copied() throws {
            try self.scratch.open().commit([.ceiling(3)])
            let manager = FileManager.default
            let aside = self.scratch.path + "/aside"
            try manager.moveItem(atPath: self.scratch.data, toPath: aside)
            try manager.copyItem(atPath: aside, toPath: self.scratch.data)
            #expect(throws: StoreFailure.copied(directory: self.scratch.data)) {
                try self.scratch.open()
            }
            try manager.removeItem(atPath: self.scratch.data)
            try manager.moveItem(atPath: aside, toPath: self.scratch.data)
            #expect(try self.scratch.load().ceiling == 3)
        }

        @Test("M4: an emptied data directory gets a new identity")
        func emptied() throws {
            try self.scratch.open().commit([.ceiling(3)])
            try FileManager.default.removeItem(atPath: self.scratch.data)
            let fresh = AcceptorID(high: 2, low: 2)
            #expect(try self.scratch.open(identity: fresh).load() == DurableState(acceptor: fresh))
        }

        @Test("an unknown format version is refused, and named")
        func format() throws {
            _ = try self.scratch.load()
            try self.run("PRAGMA user_version = 99")
            let failure = #expect(throws: StoreFailure.self) { try self.scratch.open() }
            #expect(failure == .unknownFormat(path: self.scratch.database, found: 99))
            #expect(failure?.exitStatus == .badData)
        }

        @Test("somebody else's database is refused and not changed by a byte")
        func foreign() throws {
            try FileManager.default.createDirectory(
                atPath: self.scratch.data, withIntermediateDirectories: false)
            try self.run("CREATE TABLE theirs (x)")
            let before = try Data(contentsOf: URL(filePath: self.scratch.database))
            #expect(throws: StoreFailure.notAStore(path: self.scratch.database)) {
                try self.scratch.open()
            }
            #expect(try Data(contentsOf: URL(filePath: self.scratch.database)) == before)
        }

        @Test("a file that is no database is refused")
        func noDatabase() throws {
            try FileManager.default.createDirectory(
                atPath: self.scratch.data, withIntermediateDirectories: false)
            let text = Data(String(repeating: "hello\n", count: 1000).utf8)
            try text.write(to: URL(filePath: self.scratch.database))
            #expect(throws: StoreFailure.notAStore(path: self.scratch.database)) {
                try self.scratch.open()
            }
        }

        private func run(_ statement: String) throws {
            var handle: OpaquePointer?
            #expect(sqlite3_open(self.scratch.database, &handle) == SQLITE_OK)
            #expect(sqlite3_exec(handle, statement, nil, nil, nil) == SQLITE_OK)
            sqlite3_close(handle)
        }
    }
}
