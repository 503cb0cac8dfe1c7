/// Where a host listens for its peers: a host and a port, as `192.0.2.7:7400`, `[2001:db8::7]:7400`
/// or `db1.example:7400`.
package struct PeerAddress: Hashable, Sendable, CustomStringConvertible {
    /// An IPv4 address, an IPv6 address without brackets, or a name.
    package let host: String
    /// 0 only where somebody listens: "any port that is free".
    package let port: UInt16

    /// Checks `host` and keeps it as it is written.
    ///
    /// - Throws: `InvalidName` with the reason.
    package init(host: String, port: UInt16) throws(InvalidName) {
        guard IPLiteral(host) == nil else {
            self.host = host
            self.port = port
            return
        }
        if let reason = Self.flaw(inName: host) { throw InvalidName(text: host, reason: reason) }
        self.host = host
        self.port = port
    }

    /// Reads `HOST:PORT` or `[IPv6]:PORT`; the port is 1 to 65535.
    ///
    /// - Throws: `InvalidName` with the reason.
    package init(_ text: String) throws(InvalidName) {
        guard let colon = text.utf8.lastIndex(of: UInt8(ascii: ":")) else {
            throw InvalidName(text: text, reason: "an address is HOST:PORT; this has no port")
        }
        let (host, digits) = (text[..<colon], text[text.utf8.index(after: colon)...])
        guard (1...5).contains(digits.utf8.count), digits.utf8.allSatisfy(Self.isDigit),
            let port = UInt16(digits), port > 0
        else {
            throw InvalidName(text: text, reason: "a port is a number from 1 to 65535")
        }
        if host.utf8.contains(UInt8(ascii: ":")) {
            guard host.utf8.first == UInt8(ascii: "["), host.utf8.last == UInt8(ascii: "]"),
                case .version6 = IPLiteral(String(host.dropFirst().dropLast()))
            else {
                throw InvalidName(
                    text: text, reason: "an IPv6 address stands in brackets: [2001:db8::7]:7400")
            }
            try self.init(host: String(host.dropFirst().dropLast()), port: port)
        } else {
            try self.init(host: String(host), port: port)
        }
    }

    package var description: String {
        let isVersion6 = self.host.utf8.contains(UInt8(ascii: ":"))
        return isVersion6 ? "[\(self.host)]:\(self.port)" : "\(self.host):\(self.port)"
    }

    /// Whether nothing outside this machine can reach it: 127.0.0.0/8, `::1`, or the name
    /// `localhost` and those under it (RFC 6761, section 6.3).
    package var isLoopback: Bool {
        if let literal = IPLiteral(self.host) { return literal.isLoopback }
        let name = self.host.lowercased()
        return name == "localhost" || name.hasSuffix(".localhost")
    }

    /// Whether the host is an address already and need not be looked up.
    package var isNumeric: Bool { IPLiteral(self.host) != nil }

    private static func flaw(inName name: String) -> String? {
        guard (1...Limits.domainNameBytes).contains(name.utf8.count) else {
            return "a host has 1 to \(Limits.domainNameBytes) bytes"
        }
        guard name.utf8.allSatisfy(Self.isAllowed) else {
            return "a host is an IPv4 address, an IPv6 address in brackets, or a name made of "
                + "letters, digits, '-', '_' and '.'"
        }
        let labels = name.utf8.split(separator: UInt8(ascii: "."), omittingEmptySubsequences: false)
        guard labels.allSatisfy({ (1...63).contains($0.count) }) else {
            return "each part of a name has 1 to 63 bytes"
        }
        // The resolver reads 127.1 and 0x7f000001 as addresses; nobody else would.
        if let last = labels.last, let first = last.first, Self.isDigit(first) {
            return "this is neither a name nor an IPv4 address of four numbers from 0 to 255"
        }
        return nil
    }

    private static func isDigit(_ byte: UInt8) -> Bool { (0x30...0x39).contains(byte) }

    private static func isAllowed(_ byte: UInt8) -> Bool {
        switch byte {
        case 0x30...0x39, 0x41...0x5A, 0x61...0x7A, 0x2D, 0x2E, 0x5F: true
        default: false
        }
    }
}
