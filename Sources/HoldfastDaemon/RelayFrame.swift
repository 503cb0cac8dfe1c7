package import HoldfastCore

/// What the API of one host asks that of another: the log of a key that runs there.
package enum RelayFrame: Hashable, Sendable {
    case readLog(id: UInt64, Key, lines: UInt32, follow: Bool)
    case bytes(id: UInt64, [UInt8])
    case end(id: UInt64)
    /// The reader has gone away.
    case cancel(id: UInt64)

    private static let version: UInt8 = 1

    package func encode() -> [UInt8] {
        var out = ByteWriter()
        out.write(Self.version)
        switch self {
        case .readLog(let id, let key, let lines, let follow):
            out.write(UInt8(1))
            out.write(id)
            out.write(key.text)
            out.write(lines)
            out.write(follow)
        case .bytes(let id, let bytes):
            out.write(UInt8(2))
            out.write(id)
            out.write(bytes)
        case .end(let id):
            out.write(UInt8(3))
            out.write(id)
        case .cancel(let id):
            out.write(UInt8(4))
            out.write(id)
        }
        return out.bytes
    }

    package init(decoding bytes: [UInt8]) throws(MalformedBytes) {
        var input = ByteReader(bytes)
        guard try input.byte() == Self.version else { throw .unknown }
        let tag = try input.byte()
        let id: UInt64 = try input.integer()
        switch tag {
        case 1:
            let text = try input.text(limit: Limits.keyBytes)
            guard let key = try? Key(text) else { throw .badText }
            self = .readLog(
                id: id, key, lines: try input.integer(), follow: try input.bool())
        case 2: self = .bytes(id: id, try input.blob(limit: Limits.peerFrameBytes))
        case 3: self = .end(id: id)
        case 4: self = .cancel(id: id)
        default: throw .unknown
        }
        try input.finish()
    }
}
