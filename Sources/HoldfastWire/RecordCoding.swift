package import HoldfastCore
package import HoldfastJobs
package import HoldfastPaxos
package import HoldfastSessions

/// Records of registers as bytes: a version, then every field in order.
///
/// A record of an unknown version is not understood, and not guessed at: whoever meets one
/// refuses to build on it.
package enum RecordCoding {
    private static let version: UInt8 = 1

    package static func encode(_ record: KeyRecord) -> [UInt8] {
        var out = ByteWriter(reserving: 256)
        out.write(Self.version)
        out.write(record.token)
        out.write(record.holder) { $0.write($1) }
        out.write(record.job) { $0.write($1) }
        out.write(record.last) { $0.write($1) }
        out.write(record.restarts)
        out.write(record.delay)
        out.write(list: record.recentEnds) { $0.write($1.milliseconds) }
        out.write(record.rest.rawValue)
        out.write(record.lastRequest) { $0.write($1) }
        return out.bytes
    }

    package static func decodeKey(_ bytes: [UInt8]) throws(MalformedBytes) -> KeyRecord {
        var input = ByteReader(bytes)
        guard try input.byte() == Self.version else { throw .unknown }
        var record = KeyRecord()
        record.token = try input.ordinal()
        record.holder = try input.optional { (r) throws(MalformedBytes) in try r.holder() }
        record.job = try input.optional { (r) throws(MalformedBytes) in try r.declaration() }
        record.last = try input.optional { (r) throws(MalformedBytes) in try r.ending() }
        record.restarts = try input.integer(in: 0...1_000_000)
        record.delay = try input.configured()
        record.recentEnds = try input.list(limit: 100) { (r) throws(MalformedBytes) in
            try r.wallTime()
        }
        record.rest = try input.tag(Rest.self)
        record.lastRequest = try input.optional { (r) throws(MalformedBytes) in
            try r.identifier()
        }
        try input.finish()
        return record
    }

    package static func encode(_ record: SessionRecord) -> [UInt8] {
        var out = ByteWriter(reserving: 128)
        out.write(Self.version)
        out.write(record.epoch)
        out.write(record.nonce)
        switch record.phase {
        case .open(let details):
            out.write(UInt8(1))
            out.write(list: details.labels) {
                $0.write($1.name)
                $0.write($1.value)
            }
            out.write(details.address)
            out.write(details.term)
        case .closed(let reason):
            out.write(UInt8(2))
            out.write(reason.rawValue)
        }
        return out.bytes
    }

    package static func decodeSession(_ bytes: [UInt8]) throws(MalformedBytes) -> SessionRecord {
        var input = ByteReader(bytes)
        guard try input.byte() == Self.version else { throw .unknown }
        let epoch: Epoch = try input.ordinal()
        let nonce = try input.identifier()
        let phase: SessionRecord.Phase
        switch try input.byte() {
        case 1:
            let labels = try input.list(limit: Limits.labelCount) { (r) throws(MalformedBytes) in
                SessionLabel(
                    name: try r.text(limit: Limits.textBytes),
                    value: try r.text(limit: Limits.textBytes))
            }
            phase = .open(
                SessionDetails(
                    labels: labels, address: try input.text(limit: Limits.textBytes),
                    term: try input.term()))
        case 2: phase = .closed(try input.tag(ClosingReason.self))
        default: throw .unknown
        }
        try input.finish()
        return SessionRecord(epoch: epoch, nonce: nonce, phase: phase)
    }

    package static func encode(_ configuration: ClusterConfiguration) -> [UInt8] {
        var out = ByteWriter()
        out.write(Self.version)
        out.write(configuration)
        return out.bytes
    }

    package static func decodeConfiguration(
        _ bytes: [UInt8]
    ) throws(MalformedBytes) -> ClusterConfiguration {
        var input = ByteReader(bytes)
        guard try input.byte() == Self.version else { throw .unknown }
        let configuration = try input.configuration()
        try input.finish()
        return configuration
    }
}
