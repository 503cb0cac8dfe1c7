internal import HoldfastCore

/// What an address means, however it was written.
extension PeerAddress {
    /// Whether the host means every interface, to which nobody can connect from elsewhere.
    var isWildcard: Bool {
        switch IPLiteral(self.host) {
        case .version4(let bytes)?: bytes == [0, 0, 0, 0]
        case .version6(let groups)?:
            groups == [0, 0, 0, 0, 0, 0, 0, 0] || groups == [0, 0, 0, 0, 0, 0xFFFF, 0, 0]
        case nil: false
        }
    }

    /// Whether both are the same place without asking a resolver: `[::1]` and `[0:0::1]` are.
    func isSame(as other: Self) -> Bool {
        guard self.port == other.port else { return false }
        if let literal = IPLiteral(self.host) { return literal == IPLiteral(other.host) }
        return self.host.lowercased() == other.host.lowercased()
    }
}
