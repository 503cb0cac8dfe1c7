/// 128 random bits that name one thing for ever.
package struct Identifier128: Hashable, Comparable, Sendable, CustomStringConvertible {
    package var high: UInt64
    package var low: UInt64

    package init(high: UInt64, low: UInt64) {
        self.high = high
        self.low = low
    }

    package static func < (left: Self, right: Self) -> Bool {
        (left.high, left.low) < (right.high, right.low)
    }

    /// 32 lower-case hexadecimal digits.
    package var description: String { Self.hexadecimal(self.high) + Self.hexadecimal(self.low) }

    /// Reads 32 hexadecimal digits; `nil` for anything else.
    package init?(_ text: String) {
        guard text.utf8.count == 32, text.utf8.allSatisfy(Self.isHexadecimalDigit),
            let high = UInt64(text.prefix(16), radix: 16),
            let low = UInt64(text.suffix(16), radix: 16)
        else { return nil }
        self.init(high: high, low: low)
    }

    private static func hexadecimal(_ word: UInt64) -> String {
        let digits = String(word, radix: 16)
        return String(repeating: "0", count: 16 - digits.utf8.count) + digits
    }

    private static func isHexadecimalDigit(_ byte: UInt8) -> Bool {
        switch byte {
        case 0x30...0x39, 0x41...0x46, 0x61...0x66: true
        default: false
        }
    }
}

/// Distinguishes one request, or one opening of a session, from every other (P9, S12).
package typealias Nonce = Identifier128

/// Names a formatted data directory: host, configuration and disk are different identities (M4).
package typealias AcceptorID = Identifier128

/// Names a cluster, derived from the acceptors that formed it (M2).
package typealias ClusterID = Identifier128

/// The fencing token handed to a child: strictly increasing per key, for ever (P12).
package typealias Token = UInt64

/// Which lease of a host: rises by one with every session it opens.
package typealias Epoch = UInt64

/// The one lease under which a host holds everything it holds.
package struct SessionID: Hashable, Comparable, Sendable, CustomStringConvertible {
    package var host: HostName
    package var epoch: Epoch

    package init(host: HostName, epoch: Epoch) {
        self.host = host
        self.epoch = epoch
    }

    package static func < (left: Self, right: Self) -> Bool {
        (left.host, left.epoch) < (right.host, right.epoch)
    }

    package var description: String { "\(self.host)/\(self.epoch)" }
}
