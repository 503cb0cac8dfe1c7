internal import HoldfastCore

/// The rows of the table `facts`: what is there once per store.
struct Facts {
    /// How each is called on disk.
    enum Name: String {
        case acceptor, host, file, ceiling, configuration
    }

    var acceptor: AcceptorID
    var host: String
    var file: FileIdentity
    var ceiling: UInt64
    var configuration: [UInt8]?

    static let save = """
        INSERT INTO facts (name, value, checksum) VALUES (?1, ?2, ?3)
        ON CONFLICT (name) DO UPDATE SET value = excluded.value, checksum = excluded.checksum
        """

    /// Runs `save`, prepared as `statement`.
    static func save(
        _ name: Name, _ value: [UInt8], with statement: Statement
    ) throws(StoreFailure) {
        try statement.bind(1, name.rawValue)
        try statement.bind(2, value)
        try statement.bind(3, Int64(RowChecksum.ofFact(name: name.rawValue, value: value)))
        try statement.run()
    }

    init(reading database: Database) throws(StoreFailure) {
        var values: [String: [UInt8]] = [:]
        let rows = try database.prepare("SELECT name, value, checksum FROM facts")
        while try rows.step() {
            let (name, value) = (rows.text(0), rows.bytes(1))
            guard Int64(RowChecksum.ofFact(name: name, value: value)) == rows.number(2) else {
                throw .damaged(
                    path: database.path, detail: "wrong checksum of the row of \(name)")
            }
            values[name] = value
        }
        guard let acceptor = values[Name.acceptor.rawValue].flatMap(AcceptorID.init(bytes:)),
            let host = values[Name.host.rawValue],
            let file = values[Name.file.rawValue].flatMap(FileIdentity.init(bytes:)),
            let ceiling = values[Name.ceiling.rawValue].flatMap({ UInt64(bigEndianBytes: $0) })
        else {
            throw .damaged(path: database.path, detail: "its identity is incomplete")
        }
        self.acceptor = acceptor
        self.host = String(decoding: host, as: UTF8.self)
        self.file = file
        self.ceiling = ceiling
        self.configuration = values[Name.configuration.rawValue]
    }
}

extension Identifier128 {
    /// Reads sixteen bytes, most significant first.
    fileprivate init?(bytes: [UInt8]) {
        guard bytes.count == 16, let high = UInt64(bigEndianBytes: bytes[..<8]),
            let low = UInt64(bigEndianBytes: bytes[8...])
        else { return nil }
        self.init(high: high, low: low)
    }
}
