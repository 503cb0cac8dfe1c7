/// Why bytes could not be read as what they should be.
package enum MalformedBytes: Error, Hashable, Sendable {
    case truncated
    /// Something follows where nothing should.
    case trailing
    /// A length, a count or a number beyond its limit.
    case tooLarge
    /// A tag, a version or a flag that this program does not know.
    case unknown
    /// Not UTF-8, or not a name.
    case badText
}

/// Reads what `ByteWriter` wrote, and refuses everything else without trapping.
package struct ByteReader {
    private let bytes: ArraySlice<UInt8>
    private var position: Int

    package init(_ bytes: [UInt8]) {
        self.bytes = bytes[...]
        self.position = self.bytes.startIndex
    }

    package init(_ bytes: ArraySlice<UInt8>) {
        self.bytes = bytes
        self.position = bytes.startIndex
    }

    package var remaining: Int { self.bytes.endIndex - self.position }

    package func finish() throws(MalformedBytes) {
        guard self.remaining == 0 else { throw .trailing }
    }

    package mutating func byte() throws(MalformedBytes) -> UInt8 {
        guard self.position < self.bytes.endIndex else { throw .truncated }
        defer { self.position += 1 }
        return self.bytes[self.position]
    }

    package mutating func bool() throws(MalformedBytes) -> Bool {
        switch try self.byte() {
        case 0: return false
        case 1: return true
        default: throw .unknown
        }
    }

    package mutating func integer<Integer: FixedWidthInteger>(
        _ type: Integer.Type = Integer.self
    ) throws(MalformedBytes) -> Integer {
        let size = MemoryLayout<Integer>.size
        guard self.remaining >= size else { throw .truncated }
        var value: Integer = 0
        for offset in 0..<size {
            value |= Integer(truncatingIfNeeded: self.bytes[self.position + offset]) << (8 * offset)
        }
        self.position += size
        return value
    }

    package mutating func variable() throws(MalformedBytes) -> UInt64 {
        var value: UInt64 = 0
        for shift in stride(from: 0, to: 64, by: 7) {
            let byte = try self.byte()
            if shift == 63, byte > 1 { throw .tooLarge }
            value |= UInt64(byte & 0x7F) << UInt64(shift)
            if byte < 0x80 { return value }
        }
        throw .tooLarge
    }

    /// A count of things of at least one byte each, so that none can exceed what is there.
    package mutating func count(limit: Int) throws(MalformedBytes) -> Int {
        let value = try self.variable()
        guard value <= UInt64(limit) else { throw .tooLarge }
        guard value <= UInt64(self.remaining) else { throw .truncated }
        return Int(value)
    }

    package mutating func identifier() throws(MalformedBytes) -> Identifier128 {
        Identifier128(high: try self.integer(), low: try self.integer())
    }

    package mutating func duration() throws(MalformedBytes) -> Duration {
        .nanoseconds(try self.integer(Int64.self))
    }

    package mutating func blob(limit: Int) throws(MalformedBytes) -> [UInt8] {
        let count = try self.count(limit: limit)
        defer { self.position += count }
        return Array(self.bytes[self.position..<self.position + count])
    }

    package mutating func text(limit: Int) throws(MalformedBytes) -> String {
        let bytes = try self.blob(limit: limit)
        guard let text = String(validating: bytes, as: UTF8.self) else { throw .badText }
        return text
    }

    package mutating func hostName() throws(MalformedBytes) -> HostName {
        let text = try self.text(limit: Limits.hostNameBytes)
        do { return try HostName(text) } catch { throw .badText }
    }

    package mutating func optional<Value>(
        _ body: (inout ByteReader) throws(MalformedBytes) -> Value
    ) throws(MalformedBytes) -> Value? {
        try self.bool() ? try body(&self) : nil
    }

    package mutating func list<Value>(
        limit: Int, _ body: (inout ByteReader) throws(MalformedBytes) -> Value
    ) throws(MalformedBytes) -> [Value] {
        let count = try self.count(limit: limit)
        var values: [Value] = []
        values.reserveCapacity(count)
        for _ in 0..<count { values.append(try body(&self)) }
        return values
    }
}
