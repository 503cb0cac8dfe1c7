internal import HoldfastCore

/// Values that only a host's configuration has.
extension Diagnosis {
    mutating func hostName(_ text: Located<String>) -> HostName? {
        do throws(InvalidName) {
            return try HostName(text.value)
        } catch {
            self.report(
                text.position, "\(quoted(text.value)) cannot name a host: \(error.reason)")
            return nil
        }
    }

    /// A peer's address that may be used as things are.
    mutating func address(
        _ node: YAMLNode, of field: String, isInsecure: Bool
    ) -> Located<PeerAddress>? {
        guard let text = self.text(node, of: field) else { return nil }
        let address: PeerAddress
        do throws(InvalidName) {
            address = try PeerAddress(text.value)
        } catch {
            self.report(
                text.position,
                "'\(field)' is \(quoted(text.value)), which is not an address such as "
                    + "127.0.0.1:7411: \(error.reason)")
            return nil
        }
        if address.isWildcard {
            self.report(
                text.position,
                "'\(field)' is \(quoted(text.value)), which no other host can connect to; "
                    + "give the address that the others use")
            return nil
        }
        if !address.isLoopback, !isInsecure {
            self.report(
                text.position,
                "'\(field)' is \(quoted(text.value)), which is not a loopback address: hosts "
                    + "cannot authenticate each other yet, so anyone who reaches the port could "
                    + "vote; on an isolated test network, 'insecure: true' allows it")
        }
        return Located(value: address, position: text.position)
    }

    /// A number between 0 and 1, in decimals.
    mutating func fraction(_ node: YAMLNode, of field: String) -> Double? {
        guard let text = self.text(node, of: field) else { return nil }
        let isDecimal = text.value.utf8.allSatisfy { (0x30...0x39).contains($0) || $0 == 0x2E }
        guard isDecimal, text.value.utf8.count <= 20, let value = Double(text.value) else {
            self.report(
                text.position,
                "'\(field)' is \(quoted(text.value)), which is not a number such as 0.002")
            return nil
        }
        return value
    }
}
