import HoldfastCore

/// The bytes of one `GuardRequest` or `GuardReport`: a version, a verb, its fields.
///
/// Integers are little-endian; texts are UTF-8 after a 32-bit length. A frame is one packet of a
/// SOCK_SEQPACKET socket, so it carries no length of its own. Decoding never traps, whatever the
/// bytes: anything that encoding could not have written is thrown as `GuardFrameError`.
package enum GuardFrame {
    /// Agent and guard come from one release or the next; another version ends the connection.
    static let version: UInt8 = 1

    static func begin(_ verb: UInt8) -> ByteWriter {
        var writer = ByteWriter()
        writer.integer(Self.version)
        writer.integer(verb)
        return writer
    }

    /// Reads version and verb.
    static func open(_ bytes: [UInt8]) throws(GuardFrameError) -> (verb: UInt8, ByteReader) {
        guard bytes.count <= Limits.guardFrameBytes else { throw .tooLong(.frame) }
        var reader = ByteReader(bytes)
        let version = try reader.byte()
        guard version == Self.version else { throw .unknownVersion(version) }
        return (try reader.byte(), reader)
    }
}

extension ByteReader {
    mutating func runName() throws(GuardFrameError) -> RunName {
        RunName(key: try self.key(), token: try self.integer())
    }

    mutating func session() throws(GuardFrameError) -> GuardSession {
        GuardSession(
            epoch: try self.integer(),
            nonce: Nonce(high: try self.integer(), low: try self.integer()),
            owner: AcceptorID(high: try self.integer(), low: try self.integer()),
            fencingBudget: try self.span(), wakeUpDelay: try self.span())
    }

    mutating func value<T: RawRepresentable<UInt8>>(
        _ field: GuardFrameField
    ) throws(GuardFrameError) -> T {
        guard let value = T(rawValue: try self.byte()) else { throw .invalid(field) }
        return value
    }
}

extension ByteWriter {
    mutating func runName(_ name: RunName) throws(GuardFrameError) {
        try self.key(name.key)
        self.integer(name.token)
    }

    mutating func session(_ session: GuardSession) throws(GuardFrameError) {
        self.integer(session.epoch)
        self.integer(session.nonce.high)
        self.integer(session.nonce.low)
        self.integer(session.owner.high)
        self.integer(session.owner.low)
        try self.span(session.fencingBudget)
        try self.span(session.wakeUpDelay)
    }
}
