internal import Glibc

/// Where a host listens for its peers: `127.0.0.1:7411`, `[::1]:7411` or `host.example:7411`.
package struct PeerAddress: Hashable, Sendable, CustomStringConvertible {
    package enum Host: Hashable, Sendable {
        /// In the form of inet_ntop(3), so that equal addresses are equal texts.
        case v4(String)
        case v6(String)
        /// In small letters.
        case name(String)
    }

    package let host: Host
    package let port: UInt16

    /// - Throws: `InvalidAddress`, which completes the sentence "it is …".
    package init(_ text: String) throws(InvalidAddress) {
        guard let colon = text.utf8.lastIndex(of: 0x3A) else { throw .noPort }
        let digits = text[text.index(after: colon)...]
        guard digits.utf8.allSatisfy({ (0x30...0x39).contains($0) }), let port = UInt16(digits),
            port > 0
        else { throw .badPort }
        self.host = try Self.host(String(text[..<colon]))
        self.port = port
    }

    private static func host(_ text: String) throws(InvalidAddress) -> Host {
        if text.hasPrefix("["), text.hasSuffix("]") {
            guard let address = Self.canonical(String(text.dropFirst().dropLast()), AF_INET6)
            else { throw .badAddress }
            return .v6(address)
        }
        if text.contains(":") { throw .bareV6 }
        if let address = Self.canonical(text, AF_INET) { return .v4(address) }
        guard Self.isName(text) else { throw .badAddress }
        return .name(text.lowercased())
    }

    /// Names as in RFC 1123, section 2.1; the last part is not a number, which would make it an
    /// address in one of inet_aton's forgotten forms.
    private static func isName(_ text: String) -> Bool {
        let labels = text.split(separator: ".", omittingEmptySubsequences: false)
        let areLabels = labels.allSatisfy { label in
            (1...63).contains(label.utf8.count) && !label.hasPrefix("-") && !label.hasSuffix("-")
                && label.utf8.allSatisfy { byte in
                    switch byte {
                    case 0x30...0x39, 0x41...0x5A, 0x61...0x7A, 0x2D: true
                    default: false
                    }
                }
        }
        let startsWithDigit = labels.last?.utf8.first.map { (0x30...0x39).contains($0) } ?? true
        return areLabels && text.utf8.count <= 253 && !startsWithDigit
    }

    private static func canonical(_ text: String, _ family: CInt) -> String? {
        // A zero byte would end the text for inet_pton and hide the rest.
        guard !text.utf8.contains(0) else { return nil }
        var address = in6_addr()
        guard inet_pton(family, text, &address) == 1 else { return nil }
        return withUnsafeTemporaryAllocation(
            of: CChar.self, capacity: Int(INET6_ADDRSTRLEN)
        ) { buffer in
            guard let start = buffer.baseAddress,
                inet_ntop(family, &address, start, socklen_t(buffer.count)) != nil
            else { return nil }
            return String(cString: start)
        }
    }

    /// Whether only this machine can reach the address: 127.0.0.0/8, ::1 or `localhost`.
    package var isLoopback: Bool {
        switch self.host {
        case .v4(let address): address.hasPrefix("127.")
        case .v6(let address): address == "::1" || address.hasPrefix("::ffff:127.")
        case .name(let name): name == "localhost"
        }
    }

    /// Whether the address means every interface, to which nobody can connect from elsewhere.
    package var isWildcard: Bool {
        switch self.host {
        case .v4(let address): address == "0.0.0.0"
        case .v6(let address): address == "::" || address == "::ffff:0.0.0.0"
        case .name: false
        }
    }

    package var description: String {
        switch self.host {
        case .v4(let text), .name(let text): "\(text):\(self.port)"
        case .v6(let text): "[\(text)]:\(self.port)"
        }
    }
}

/// Why a text is no address; completes the sentence "it is …".
package enum InvalidAddress: String, Error, CaseIterable {
    case noPort = "without a port; an address is like 127.0.0.1:7411"
    case badPort = "without a port from 1 to 65535"
    case bareV6 = "an IPv6 address without brackets; write [ADDRESS]:PORT"
    case badAddress = "not an address such as 127.0.0.1:7411, [::1]:7411 or h1.example:7411"
}
