package import HoldfastCore
package import HoldfastPaxos

/// What an acceptor must still know after a power failure, in `store.db` of a data directory.
///
/// Used from one thread at a time. The first failure is final: every later call throws it again
/// and touches nothing, because an fsync that failed once must not be asked again (D2). Whoever
/// meets a failure ends the process.
///
/// `facts` holds one row per name: the acceptor's identity, its host, which file this is, the
/// ceiling, the configuration. `registers` holds what was accepted. Every row has a checksum.
package final class AcceptorStore {
    /// Rises when a program that knows an earlier one can no longer read the file.
    package static let formatVersion: Int64 = 1

    /// Names the data directory; the fresh one when it was formatted just now (M4).
    package let acceptor: AcceptorID

    private let database: Database
    private let begin: Statement
    private let commit: Statement
    private let saveRegister: Statement
    private let saveFact: Statement
    /// The ceiling on disk.
    private var ceiling: UInt64
    private var failure: StoreFailure?

    /// Pages in the write-ahead log at which it is copied into the database: 4 MB.
    private static let checkpointPages: CInt = 1000

    /// The smallest page of SQLite.
    private static let leastStoreBytes = 512

    /// Opens the store in `directory`, or formats it: where there is no directory, where it is
    /// empty, and where formatting was interrupted.
    ///
    /// - Parameters:
    ///   - path: The directory; its parent must exist.
    ///   - host: Must be the one for which the directory was formatted.
    ///   - freshIdentity: 128 random bits, for a directory that has no identity yet.
    /// - Throws: Why the directory cannot be used; nothing in it was changed, unless it was
    ///   being formatted.
    package init(
        directory path: String, host: HostName, freshIdentity: AcceptorID
    ) throws(StoreFailure) {
        let directory = try DataDirectory(path)
        let hadLog = directory.logSize > 0
        // SQLite would take the rest for nothing, and remove the log.
        guard directory.storeSize >= Self.leastStoreBytes || (directory.storeSize == 0 && !hadLog)
        else {
            throw .damaged(path: directory.storePath, detail: "the file is missing or cut short")
        }
        let database = try Database(in: directory)
        if try !Self.isFormatted(database) {
            try database.configure()
            try Self.format(database, in: directory, host: host, acceptor: freshIdentity)
        } else {
            guard hadLog else { throw .logMissing(directory: path) }
            try database.configure()
        }
        let facts = try Facts(reading: database)
        guard facts.host == host.text else {
            throw .otherHost(directory: path, recorded: facts.host, configured: host)
        }
        guard try facts.file.isSameFile(as: FileIdentity(of: database.path)) else {
            throw .copied(directory: path)
        }
        self.acceptor = facts.acceptor
        self.ceiling = facts.ceiling
        self.database = database
        self.begin = try database.prepare("BEGIN IMMEDIATE")
        self.commit = try database.prepare("COMMIT")
        self.saveFact = try database.prepare(Facts.save)
        self.saveRegister = try database.prepare(
            """
            INSERT INTO registers (bucket, key, counter, incarnation, value, checksum)
            VALUES (?1, ?2, ?3, ?4, ?5, ?6)
            ON CONFLICT (bucket, key) DO UPDATE SET counter = excluded.counter,
                incarnation = excluded.incarnation, value = excluded.value,
                checksum = excluded.checksum
            """)
    }

    /// Reads everything and checks every row.
    package func load() throws(StoreFailure) -> DurableState {
        try self.rememberingFailure { () throws(StoreFailure) in
            let verdict = try self.database.readText("PRAGMA quick_check(1)")
            guard verdict == "ok" else {
                throw .damaged(path: self.database.path, detail: verdict)
            }
            let facts = try Facts(reading: self.database)
            return DurableState(
                acceptor: facts.acceptor, configuration: facts.configuration,
                ceiling: facts.ceiling, registers: try self.loadRegisters())
        }
    }

    /// Writes all or nothing, in this order; returns when a power failure would not undo it.
    ///
    /// Nothing to write is no reason to wait for the disk.
    package func commit(_ writes: [DurableWrite]) throws(StoreFailure) {
        try self.rememberingFailure { () throws(StoreFailure) in
            guard !writes.isEmpty else { return }
            try self.checkpointIfDue()
            var ceiling = self.ceiling
            try self.begin.run()
            for write in writes {
                switch write {
                case .accepted(let register, let accepted): try self.save(register, accepted)
                case .ceiling(let counter):
                    guard counter > ceiling else { continue }
                    ceiling = counter
                    try Facts.save(.ceiling, counter.bigEndianBytes, with: self.saveFact)
                case .configuration(let bytes):
                    try Facts.save(.configuration, bytes, with: self.saveFact)
                }
            }
            try self.commit.run()
            self.ceiling = ceiling
        }
    }

    /// Tidies the write-ahead log up once it is long.
    ///
    /// This takes some milliseconds, which a commit need not wait for; `commit` sees to it where
    /// nobody else does.
    package func checkpointIfDue() throws(StoreFailure) {
        try self.rememberingFailure { () throws(StoreFailure) in
            try self.database.checkpoint(atPages: Self.checkpointPages)
        }
    }

    private func save(_ register: RegisterID, _ accepted: Accepted) throws(StoreFailure) {
        let checksum = RowChecksum.ofRegister(
            bucket: register.bucket, key: register.key, accepted: accepted)
        try self.saveRegister.bind(1, register.bucket)
        try self.saveRegister.bind(2, register.key)
        try self.saveRegister.bind(3, Int64(bitPattern: accepted.ballot.counter))
        try self.saveRegister.bind(4, Int64(bitPattern: accepted.ballot.incarnation))
        try self.saveRegister.bind(5, accepted.value)
        try self.saveRegister.bind(6, Int64(checksum))
        try self.saveRegister.run()
    }

    private func loadRegisters() throws(StoreFailure) -> [RegisterID: Accepted] {
        let rows = try self.database.prepare(
            "SELECT bucket, key, counter, incarnation, value, checksum FROM registers")
        var registers: [RegisterID: Accepted] = [:]
        while try rows.step() {
            let register = RegisterID(bucket: rows.text(0), key: rows.text(1))
            let accepted = Accepted(
                ballot: Ballot(
                    counter: UInt64(bitPattern: rows.number(2)),
                    incarnation: UInt64(bitPattern: rows.number(3))),
                value: rows.bytes(4))
            let checksum = RowChecksum.ofRegister(
                bucket: register.bucket, key: register.key, accepted: accepted)
            guard Int64(checksum) == rows.number(5) else {
                throw .damaged(
                    path: self.database.path, detail: "wrong checksum of the row of \(register)")
            }
            guard registers.updateValue(accepted, forKey: register) == nil else {
                throw .damaged(path: self.database.path, detail: "two rows of \(register)")
            }
        }
        return registers
    }

    /// Keeps the first failure for ever.
    private func rememberingFailure<Result>(
        _ body: () throws(StoreFailure) -> Result
    ) throws(StoreFailure) -> Result {
        if let failure = self.failure { throw failure }
        do {
            return try body()
        } catch {
            self.failure = error
            throw error
        }
    }
}
