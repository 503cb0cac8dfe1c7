/// Writes values as bytes: little-endian, lengths before contents.
package struct ByteWriter: Sendable {
    package private(set) var bytes: [UInt8] = []

    package init(reserving count: Int = 0) {
        self.bytes.reserveCapacity(count)
    }

    package mutating func write(_ value: UInt8) { self.bytes.append(value) }

    package mutating func write(_ value: Bool) { self.bytes.append(value ? 1 : 0) }

    package mutating func write<Integer: FixedWidthInteger>(_ value: Integer) {
        withUnsafeBytes(of: value.littleEndian) { self.bytes.append(contentsOf: $0) }
    }

    /// Seven bits a byte, the lowest first, the top bit set on all but the last (LEB128).
    package mutating func writeVariable(_ value: UInt64) {
        var rest = value
        while rest >= 0x80 {
            self.bytes.append(UInt8(truncatingIfNeeded: rest) | 0x80)
            rest >>= 7
        }
        self.bytes.append(UInt8(rest))
    }

    package mutating func write(_ value: Identifier128) {
        self.write(value.high)
        self.write(value.low)
    }

    package mutating func write(_ value: Duration) { self.write(value.wholeNanoseconds) }

    package mutating func write(_ value: [UInt8]) {
        self.writeVariable(UInt64(value.count))
        self.bytes.append(contentsOf: value)
    }

    package mutating func write(_ value: String) {
        self.writeVariable(UInt64(value.utf8.count))
        self.bytes.append(contentsOf: value.utf8)
    }

    package mutating func write<Value>(
        _ value: Value?, _ body: (inout ByteWriter, Value) -> Void
    ) {
        self.write(value != nil)
        if let value { body(&self, value) }
    }

    package mutating func write<Value>(
        list: [Value], _ body: (inout ByteWriter, Value) -> Void
    ) {
        self.writeVariable(UInt64(list.count))
        for value in list { body(&self, value) }
    }
}
