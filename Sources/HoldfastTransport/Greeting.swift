internal import HoldfastCore
internal import NIOCore

/// The first frame of each connection, from the host that dialled it.
///
/// "HOLDFAST", version (2 bytes), incarnation (8), sender and receiver (each 1 byte of length and
/// a host name); integers are little-endian. Magic and version stand first in every version.
struct Greeting: Equatable {
    var sender: HostName
    var receiver: HostName
    var incarnation: UInt64

    static let magic: [UInt8] = Array("HOLDFAST".utf8)
    static let version: UInt16 = 1
    /// No greeting and no answer is longer.
    static let byteLimit = 8 + 2 + 8 + 2 * (1 + Limits.hostNameBytes)

    init(sender: HostName, receiver: HostName, incarnation: UInt64) {
        self.sender = sender
        self.receiver = receiver
        self.incarnation = incarnation
    }

    var bytes: [UInt8] {
        var buffer = ByteBuffer(bytes: Self.magic)
        buffer.writeInteger(Self.version, endianness: .little)
        buffer.writeInteger(self.incarnation, endianness: .little)
        for name in [self.sender, self.receiver] {
            buffer.writeInteger(UInt8(name.text.utf8.count))
            buffer.writeString(name.text)
        }
        return Array(buffer: buffer)
    }

    enum Flaw: Error {
        case malformed
        case wrongVersion
    }

    init(reading bytes: [UInt8]) throws(Flaw) {
        var buffer = ByteBuffer(bytes: bytes)
        guard buffer.readBytes(length: Self.magic.count) == Self.magic,
            let version = buffer.readInteger(endianness: .little, as: UInt16.self)
        else { throw .malformed }
        guard version == Self.version else { throw .wrongVersion }
        guard let incarnation = buffer.readInteger(endianness: .little, as: UInt64.self),
            let sender = Self.readName(&buffer), let receiver = Self.readName(&buffer),
            buffer.readableBytes == 0
        else { throw .malformed }
        self.init(sender: sender, receiver: receiver, incarnation: incarnation)
    }

    private static func readName(_ buffer: inout ByteBuffer) -> HostName? {
        guard let length = buffer.readInteger(as: UInt8.self),
            let bytes = buffer.readBytes(length: Int(length)),
            let text = String(validating: bytes, as: UTF8.self)
        else { return nil }
        return try? HostName(text)
    }
}

extension Verdict {
    /// The one frame that goes back on a connection: "HOLDFAST", version, verdict.
    var bytes: [UInt8] {
        let version = Greeting.version
        return Greeting.magic
            + [UInt8(truncatingIfNeeded: version), UInt8(version >> 8), self.rawValue]
    }

    /// Reads an answer; one of any other version means that ours was not understood.
    init?(reading bytes: [UInt8]) {
        guard bytes.count >= 11, bytes.starts(with: Greeting.magic) else { return nil }
        guard UInt16(bytes[8]) | UInt16(bytes[9]) << 8 == Greeting.version else {
            self = .wrongVersion
            return
        }
        guard bytes.count == 11 else { return nil }
        self.init(rawValue: bytes[10])
    }
}
