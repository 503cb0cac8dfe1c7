package import HoldfastCore

/// A change of the register of a host's sessions.
package enum SessionChange: Hashable, Sendable {
    /// Only the host itself opens, and only over what it knows to be chosen closed (S1).
    case open(epoch: Epoch, nonce: Nonce, SessionDetails)
    case close(epoch: Epoch, nonce: Nonce, ClosingReason)

    package enum Result: Hashable, Sendable {
        case write(SessionRecord)
        case keep(Refusal)
    }

    package enum Refusal: UInt8, Hashable, Sendable, CaseIterable {
        case already = 1
        /// An open session is there, of another process (S12) or not yet given up.
        case open = 2
        /// The epoch is not above the one that is there.
        case wrongEpoch = 3
        /// The closing was found but is not known to be chosen: it is written back first (S1 °).
        case closingNotChosen = 4
    }

    /// - Parameters:
    ///   - record: What is there; `nil` for nothing.
    ///   - isChosen: Whether the record that was found is known to be chosen (P8).
    /// - Returns: The record to propose, or why there is none.
    package func apply(to record: SessionRecord?, isChosen: Bool) -> Result {
        switch self {
        case .open(let epoch, let nonce, let details):
            let next = SessionRecord(epoch: epoch, nonce: nonce, phase: .open(details))
            guard let record else {
                return epoch > 0 ? .write(next) : .keep(.wrongEpoch)
            }
            if record.isOpen {
                let isOurs = record.epoch == epoch && record.nonce == nonce
                return .keep(isOurs ? .already : .open)
            }
            // Epochs may be skipped: what lies between was never opened, and never will be.
            guard epoch > record.epoch else { return .keep(.wrongEpoch) }
            // S1 °: over a closing that a minority took, the old session could still be healed.
            guard isChosen else { return .keep(.closingNotChosen) }
            return .write(next)
        case .close(let epoch, let nonce, let reason):
            guard let record, record.epoch == epoch, record.nonce == nonce else {
                return .keep(.wrongEpoch)
            }
            // S2 °: closed is final, whatever the reason.
            guard record.isOpen else { return .keep(.already) }
            return .write(SessionRecord(epoch: epoch, nonce: nonce, phase: .closed(reason)))
        }
    }

    package func isApplied(in record: SessionRecord?) -> Bool {
        guard let record else { return false }
        switch self {
        case .open(let epoch, let nonce, _):
            return record.epoch == epoch && record.nonce == nonce && record.isOpen
        case .close(let epoch, let nonce, _):
            return record.epoch == epoch && record.nonce == nonce && !record.isOpen
        }
    }
}
