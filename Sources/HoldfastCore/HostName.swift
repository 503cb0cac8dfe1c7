/// The name of a host, unique in its cluster.
///
/// 1 to 63 bytes of `a-z`, `0-9`, `-` and `.`, beginning and ending with a letter or digit, as in
/// RFC 1123, section 2.1.
package struct HostName: Hashable, Comparable, Sendable, CustomStringConvertible {
    package let text: String

    /// - Throws: `InvalidName`, which says what a name may hold.
    package init(_ text: String) throws(InvalidName) {
        let bytes = Array(text.utf8)
        guard (1...Limits.hostNameBytes).contains(bytes.count) else {
            throw InvalidName(
                text: text, reason: "a host name has 1 to \(Limits.hostNameBytes) bytes")
        }
        guard bytes.allSatisfy(Self.isAllowed), Self.isEdge(bytes[0]), Self.isEdge(bytes.last!)
        else {
            throw InvalidName(
                text: text,
                reason: "a host name is made of a-z, 0-9, '-' and '.', "
                    + "and begins and ends with a letter or digit")
        }
        self.text = text
    }

    package static func < (left: Self, right: Self) -> Bool { left.text < right.text }

    package var description: String { self.text }

    private static func isEdge(_ byte: UInt8) -> Bool {
        (0x61...0x7A).contains(byte) || (0x30...0x39).contains(byte)
    }

    private static func isAllowed(_ byte: UInt8) -> Bool {
        Self.isEdge(byte) || byte == 0x2D || byte == 0x2E
    }
}

/// A text that cannot be a name, and why.
package struct InvalidName: Error, Equatable, CustomStringConvertible {
    package var text: String
    package var reason: String

    package init(text: String, reason: String) {
        self.text = text
        self.reason = reason
    }

    package var description: String { self.reason }
}
