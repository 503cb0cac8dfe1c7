import Foundation
import HoldfastCore
import HoldfastPaxos
import HoldfastStorage
import Testing

extension StorageTests {
    @Suite("A store whose writer dies")
    struct CrashTests {
        let scratch: Scratch

        init() throws { self.scratch = try Scratch() }

        /// Goal: what was acknowledged is there, whatever moment the writer was killed at.
        ///
        /// Method: kill -9 at a random moment, read all it had acknowledged, load; the counters of
        /// each register must reach the last acknowledged one. Twenty rounds over the same files.
        @Test("P4: acknowledged rows survive kill -9")
        func killed() throws {
            for _ in 0..<20 {
                let writer = try Writer([self.scratch.data])
                let first = try #require(writer.readLine())
                usleep(.random(in: 0...60_000))
                kill(writer.process, SIGKILL)
                let lines = (first + "\n" + writer.finish().output).split(separator: "\n")
                let acknowledged = try #require(lines.last.flatMap { UInt64($0) })
                let registers = try self.scratch.load().registers
                for (register, accepted) in registers {
                    let counter = accepted.ballot.counter
                    #expect("k\(counter % 50)" == register.key)
                    #expect(accepted.value == Array(repeating: UInt8(counter & 0xFF), count: 200))
                    #expect(counter + 50 > acknowledged, "\(register) is at \(counter)")
                }
                let highest = registers.values.map(\.ballot.counter).max() ?? 0
                #expect(highest >= acknowledged)
            }
        }

        @Test(
            "D2: a full disk ends the writer with a clear message, and loses nothing acknowledged")
        func fileLimit() throws {
            let writer = try Writer([self.scratch.data, "--file-limit", "200000"])
            let (output, errors, status) = writer.finish()
            #expect(status == ExitStatusCode.inputOutput.rawValue)
            #expect(errors.contains("cannot write to or read the store \(self.scratch.database)"))
            #expect(errors.contains("the disk, the quota or the file size limit is exhausted"))
            let acknowledged = try #require(
                output.split(separator: "\n").last.flatMap { UInt64($0) })
            let highest = try self.scratch.load().registers.values.map(\.ballot.counter).max() ?? 0
            #expect(highest >= acknowledged)
        }

        @Test(
            "D2: a file system without room is reported at the write and at formatting",
            .enabled(if: Scratch.canMount, "This test mounts a file system."))
        func fullFileSystem() throws {
            try #require(self.scratch.mountMemory(size: "1m"))
            defer { self.scratch.unmountMemory() }
            let store = try self.scratch.open()
            var failure: StoreFailure?
            for counter in 1...UInt64(40) where failure == nil {
                do throws(StoreFailure) {
                    try store.commit([
                        .accepted("k\(counter)", counter, Array(repeating: 1, count: 50_000))
                    ])
                } catch {
                    failure = error
                }
            }
            #expect(failure == .full(path: self.scratch.database))
            // D2: once failed, for ever failed, even for what would need no room.
            #expect(throws: StoreFailure.full(path: self.scratch.database)) { try store.commit([]) }
            #expect(throws: StoreFailure.full(path: self.scratch.database)) { try store.load() }
            let second = #expect(throws: StoreFailure.self) {
                try AcceptorStore(
                    directory: self.scratch.path + "/second", host: HostName("h1"),
                    freshIdentity: Scratch.identity)
            }
            #expect(second?.next == "free some space, then start again")
        }

        @Test("a directory that may not be written is reported by its name")
        func readOnly() throws {
            _ = try self.scratch.load()
            chmod(self.scratch.path, 0o755)
            chmod(self.scratch.data, 0o555)
            let user = geteuid() == 0 ? ["--user", "65534"] : []
            defer { chmod(self.scratch.data, 0o700) }
            // Not even the lock can be taken.
            chmod(self.scratch.data + "/lock", 0o444)
            var end = try Writer([self.scratch.data, "--count", "0"] + user).finish()
            #expect(end.status == ExitStatusCode.notPermitted.rawValue)
            #expect(end.errors.contains("\(self.scratch.data)/lock; permission denied"))
            // The lock, but not the database.
            chmod(self.scratch.data + "/lock", 0o666)
            chmod(self.scratch.database, 0o444)
            end = try Writer([self.scratch.data, "--count", "0"] + user).finish()
            #expect(end.status == ExitStatusCode.notPermitted.rawValue)
            #expect(end.errors.contains("write to the store \(self.scratch.database); permission"))
            // No way to make the directory.
            end = try Writer([self.scratch.data + "/sub", "--count", "0"] + user).finish()
            #expect(end.status == ExitStatusCode.notPermitted.rawValue)
            #expect(
                end.errors.contains("cannot create the data directory \(self.scratch.data)/sub"))
        }

        @Test("a path that cannot be a directory is reported")
        func noDirectory() throws {
            for (path, status) in [
                ("/dev/null", ExitStatusCode.system), ("/dev/null/x", .cannotCreate),
                (self.scratch.path + "/a/b", .cannotCreate), ("", .cannotCreate),
                (String(repeating: "x", count: 5000), .cannotCreate),
            ] {
                let failure = #expect(throws: StoreFailure.self) {
                    try AcceptorStore(
                        directory: path, host: HostName("h1"), freshIdentity: Scratch.identity)
                }
                #expect(failure?.exitStatus == status, "\(String(describing: failure))")
            }
        }
    }
}
