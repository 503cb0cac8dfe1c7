import HoldfastCore
import HoldfastJobs
import HoldfastPaxos
import HoldfastSessions
import HoldfastWire
import Testing

@Suite("Records as bytes")
struct RecordTests {
    @Test("every record of a key comes back as it was", arguments: Samples.keyRecords)
    func key(record: KeyRecord) throws {
        let bytes = RecordCoding.encode(record)
        #expect(try RecordCoding.decodeKey(bytes) == record)
        Self.damage(bytes) { (bytes) throws(MalformedBytes) in
            RecordCoding.encode(try RecordCoding.decodeKey(bytes))
        }
    }

    @Test("every record of a session comes back as it was", arguments: Samples.sessionRecords)
    func session(record: SessionRecord) throws {
        let bytes = RecordCoding.encode(record)
        #expect(try RecordCoding.decodeSession(bytes) == record)
        Self.damage(bytes) { (bytes) throws(MalformedBytes) in
            RecordCoding.encode(try RecordCoding.decodeSession(bytes))
        }
    }

    @Test("a configuration comes back as it was")
    func configuration() throws {
        let bytes = RecordCoding.encode(Samples.configuration)
        #expect(try RecordCoding.decodeConfiguration(bytes) == Samples.configuration)
        Self.damage(bytes) { (bytes) throws(MalformedBytes) in
            RecordCoding.encode(try RecordCoding.decodeConfiguration(bytes))
        }
    }

    /// Cut, lengthened or flipped, it is refused or reads as exactly what it says.
    private static func damage(
        _ bytes: [UInt8], _ body: ([UInt8]) throws(MalformedBytes) -> [UInt8]
    ) {
        func reads(_ bytes: [UInt8]) -> [UInt8]? {
            do throws(MalformedBytes) { return try body(bytes) } catch { return nil }
        }
        for count in bytes.indices { #expect(reads(Array(bytes.prefix(count))) == nil) }
        #expect(reads(bytes + [0]) == nil)
        for index in bytes.indices {
            for flip in [UInt8(1), 0x80, 0xFF] {
                var damaged = bytes
                damaged[index] ^= flip
                if let again = reads(damaged) { #expect(again == damaged) }
            }
        }
    }

    @Test("a record of another version is not guessed at")
    func version() {
        for record in [
            RecordCoding.encode(KeyRecord()), RecordCoding.encode(Samples.configuration),
        ] {
            var bytes = record
            bytes[0] = 2
            #expect(throws: MalformedBytes.unknown) { try RecordCoding.decodeKey(bytes) }
            #expect(throws: MalformedBytes.unknown) { try RecordCoding.decodeSession(bytes) }
            #expect(throws: MalformedBytes.unknown) { try RecordCoding.decodeConfiguration(bytes) }
        }
    }

    @Test("numbers of a key's record that would overflow later are refused")
    func overflow() {
        let changes: [(inout KeyRecord) -> Void] = [
            { $0.restarts = .max },
            { $0.delay = .seconds(-1) },
            { $0.delay = .nanoseconds(Int64.max) },
            { $0.token = .max },
            { $0.job?.generation = .max },
            { $0.holder?.generation = .max },
            { $0.holder?.session.epoch = .max },
            { $0.holder?.since = WallTime(milliseconds: .min) },
            { $0.recentEnds = [WallTime(milliseconds: .min)] },
            { $0.recentEnds = [WallTime](repeating: Samples.time, count: 101) },
        ]
        for change in changes {
            var record = Samples.keyRecords[1]
            change(&record)
            let bytes = RecordCoding.encode(record)
            #expect(throws: MalformedBytes.self) { try RecordCoding.decodeKey(bytes) }
        }
    }

    @Test("S1, S2: an epoch that has no successor and a lease that never ends are refused")
    func session() {
        var record = Samples.sessionRecords[1]
        record.epoch = .max
        let epoch = RecordCoding.encode(record)
        #expect(throws: MalformedBytes.tooLarge) { try RecordCoding.decodeSession(epoch) }
        record = Samples.sessionRecords[0]
        record.phase = .open(
            SessionDetails(labels: [], address: "", term: .seconds(1_000_000_000)))
        let term = RecordCoding.encode(record)
        #expect(throws: MalformedBytes.tooLarge) { try RecordCoding.decodeSession(term) }
    }
}
