package import HoldfastCore

/// One thing that must be on disk before a reply that reflects it may leave (P4).
package enum DurableWrite: Hashable, Sendable {
    /// What this acceptor has accepted for a register; replaces what was there.
    case accepted(RegisterID, Accepted)
    /// No counter above this was ever promised (P5). Never goes down.
    case ceiling(UInt64)
    /// The configuration this host belongs to, encoded; written once, when the cluster forms (M2).
    case configuration([UInt8])
}

/// Everything an acceptor must still know after a power failure.
package struct DurableState: Equatable, Sendable {
    /// The identity of this data directory, drawn when it was formatted (M4).
    package var acceptor: AcceptorID
    package var configuration: [UInt8]?
    package var ceiling: UInt64
    package var registers: [RegisterID: Accepted]

    package init(
        acceptor: AcceptorID, configuration: [UInt8]? = nil, ceiling: UInt64 = 0,
        registers: [RegisterID: Accepted] = [:]
    ) {
        self.acceptor = acceptor
        self.configuration = configuration
        self.ceiling = ceiling
        self.registers = registers
    }

    /// What the disk holds once `write` is on it.
    package mutating func apply(_ write: DurableWrite) {
        switch write {
        case .accepted(let register, let accepted): self.registers[register] = accepted
        case .ceiling(let counter): self.ceiling = max(self.ceiling, counter)
        case .configuration(let bytes): self.configuration = bytes
        }
    }
}
