internal import HoldfastCore

extension AcceptorStore {
    /// "HOLD" in the place that SQLite keeps for the application's own mark.
    private static let applicationID: Int64 = 0x484F_4C44

    /// Whether the database is one of ours; false when it holds nothing at all.
    static func isFormatted(_ database: Database) throws(StoreFailure) -> Bool {
        let application = try database.readNumber("PRAGMA application_id")
        let version = try database.readNumber("PRAGMA user_version")
        if application == Self.applicationID {
            guard version == Self.formatVersion else {
                throw .unknownFormat(path: database.path, found: version)
            }
            return true
        }
        let tables = try database.readNumber("SELECT count(*) FROM sqlite_schema")
        guard application == 0, version == 0, tables == 0 else {
            throw .notAStore(path: database.path)
        }
        return false
    }

    /// Gives an empty database its identity, in one transaction, and makes its files durable.
    static func format(
        _ database: Database, in directory: DataDirectory, host: HostName, acceptor: AcceptorID
    ) throws(StoreFailure) {
        try database.run("BEGIN IMMEDIATE")
        try database.run(
            """
            CREATE TABLE facts (name BLOB PRIMARY KEY, value BLOB NOT NULL,
                checksum INTEGER NOT NULL) STRICT, WITHOUT ROWID
            """)
        try database.run(
            """
            CREATE TABLE registers (bucket BLOB NOT NULL, key BLOB NOT NULL,
                counter INTEGER NOT NULL, incarnation INTEGER NOT NULL, value BLOB NOT NULL,
                checksum INTEGER NOT NULL, PRIMARY KEY (bucket, key)) STRICT, WITHOUT ROWID
            """)
        let save = try database.prepare(Facts.save)
        let identity = acceptor.high.bigEndianBytes + acceptor.low.bigEndianBytes
        try Facts.save(.acceptor, identity, with: save)
        try Facts.save(.host, Array(host.text.utf8), with: save)
        try Facts.save(.file, FileIdentity(of: database.path).bytes, with: save)
        try Facts.save(.ceiling, UInt64(0).bigEndianBytes, with: save)
        try database.run("PRAGMA application_id = \(Self.applicationID)")
        try database.run("PRAGMA user_version = \(Self.formatVersion)")
        try database.run("COMMIT")
        // Into the main file, so that a lost log is told from a directory that was never used.
        try database.checkpoint(atPages: 0)
        try directory.sync()
    }
}
