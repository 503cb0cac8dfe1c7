/// An IP address, read from its text without asking anybody.
package enum IPLiteral: Hashable, Sendable {
    /// Four bytes, most significant first.
    case version4([UInt8])
    /// Eight groups, most significant first.
    case version6([UInt16])

    /// Reads four decimal numbers with full stops between them, or an IPv6 address without
    /// brackets and without a zone (RFC 4291, section 2.2); `nil` for anything else.
    package init?(_ text: String) {
        guard text.utf8.count <= 45 else { return nil }
        if let bytes = Self.readVersion4(text[...]) {
            self = .version4(bytes)
        } else if let groups = Self.readVersion6(text) {
            self = .version6(groups)
        } else {
            return nil
        }
    }

    /// 127.0.0.0/8, `::1`, and the former written as an IPv6 address.
    package var isLoopback: Bool {
        switch self {
        case .version4(let bytes): bytes[0] == 127
        case .version6(let groups):
            groups == [0, 0, 0, 0, 0, 0, 0, 1]
                || (groups[..<6] == [0, 0, 0, 0, 0, 0xFFFF] && groups[6] >> 8 == 127)
        }
    }

    private static func readVersion4(_ text: Substring) -> [UInt8]? {
        let parts = text.split(separator: ".", omittingEmptySubsequences: false)
        guard parts.count == 4 else { return nil }
        var bytes: [UInt8] = []
        for part in parts {
            let isPlain = part.utf8.allSatisfy { (0x30...0x39).contains($0) }
            // A leading zero means octal to some readers and decimal to others.
            let isUnambiguous = part == "0" || part.utf8.first != UInt8(ascii: "0")
            guard isPlain, isUnambiguous, let byte = UInt8(part) else { return nil }
            bytes.append(byte)
        }
        return bytes
    }

    private static func readVersion6(_ text: String) -> [UInt16]? {
        guard text.utf8.contains(UInt8(ascii: ":")) else { return nil }
        guard let gap = text.firstRange(of: "::") else {
            guard let groups = Self.readGroups(text[...]), groups.count == 8 else { return nil }
            return groups
        }
        guard let head = Self.readGroups(text[..<gap.lowerBound]),
            let tail = Self.readGroups(text[gap.upperBound...]), head.count + tail.count < 8,
            !text[..<gap.lowerBound].utf8.contains(UInt8(ascii: "."))
        else { return nil }
        return head + Array(repeating: 0, count: 8 - head.count - tail.count) + tail
    }

    /// Reads groups with colons between them, the last of which may be an IPv4 address; none
    /// for an empty text.
    private static func readGroups(_ text: Substring) -> [UInt16]? {
        guard !text.isEmpty else { return [] }
        let parts = text.split(separator: ":", omittingEmptySubsequences: false)
        guard parts.count <= 8 else { return nil }
        var groups: [UInt16] = []
        for (index, part) in parts.enumerated() {
            if index == parts.count - 1, let bytes = Self.readVersion4(part) {
                groups.append(UInt16(bytes[0]) << 8 | UInt16(bytes[1]))
                groups.append(UInt16(bytes[2]) << 8 | UInt16(bytes[3]))
                continue
            }
            guard (1...4).contains(part.utf8.count), part.utf8.first != UInt8(ascii: "+"),
                let group = UInt16(part, radix: 16)
            else { return nil }
            groups.append(group)
        }
        return groups
    }
}
