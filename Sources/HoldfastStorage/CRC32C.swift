/// A running CRC-32C: Castagnoli's polynomial, reflected, as in RFC 3720, section 12.1.
///
/// It finds every error of up to 32 adjacent bits, and any other with all but 1 in 2^32. It is no
/// defence against somebody who means it.
package struct CRC32C: Sendable {
    private var remainder: UInt32 = 0xFFFF_FFFF

    package init() {}

    /// The checksum of everything added so far.
    package var value: UInt32 { ~self.remainder }

    package mutating func add(_ bytes: some Sequence<UInt8>) {
        var remainder = self.remainder
        let done: Void? = bytes.withContiguousStorageIfAvailable { contiguous in
            for byte in contiguous { Self.step(&remainder, byte) }
        }
        if done == nil {
            for byte in bytes { Self.step(&remainder, byte) }
        }
        self.remainder = remainder
    }

    /// Adds eight bytes, least significant first.
    package mutating func add(_ word: UInt64) {
        for shift in stride(from: 0, to: 64, by: 8) {
            Self.step(&self.remainder, UInt8(truncatingIfNeeded: word >> UInt64(shift)))
        }
    }

    private static func step(_ remainder: inout UInt32, _ byte: UInt8) {
        let index = Int(UInt8(truncatingIfNeeded: remainder) ^ byte)
        remainder = Self.table[index] ^ (remainder >> 8)
    }

    private static let table: [UInt32] = (0..<256).map { index in
        (0..<8).reduce(UInt32(index)) { remainder, _ in
            remainder & 1 == 0 ? remainder >> 1 : (remainder >> 1) ^ 0x82F6_3B78
        }
    }
}
