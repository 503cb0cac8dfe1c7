package import HoldfastCore

/// The value of the register of a host's sessions.
package struct SessionRecord: Hashable, Sendable {
    package enum Phase: Hashable, Sendable {
        case open(SessionDetails)
        case closed(ClosingReason)
    }

    package var epoch: Epoch
    /// Drawn when the session was opened: tells two hosts of one name apart (S12).
    package var nonce: Nonce
    package var phase: Phase

    package init(epoch: Epoch, nonce: Nonce, phase: Phase) {
        self.epoch = epoch
        self.nonce = nonce
        self.phase = phase
    }

    package var isOpen: Bool {
        switch self.phase {
        case .open: true
        case .closed: false
        }
    }

    package var details: SessionDetails? {
        switch self.phase {
        case .open(let details): details
        case .closed: nil
        }
    }

    /// Whether this record, once chosen, proves that (`host`, `epoch`) is over (C1).
    package func proves(closed epoch: Epoch) -> Bool {
        self.isOpen ? self.epoch > epoch : self.epoch >= epoch
    }
}

/// What a host says of itself when it opens a session.
package struct SessionDetails: Hashable, Sendable {
    /// Name and value, sorted.
    package var labels: [SessionLabel]
    /// Where its agent listens, for people.
    package var address: String
    /// The lease it was opened under.
    package var term: Duration

    package init(labels: [SessionLabel], address: String, term: Duration) {
        self.labels = labels
        self.address = address
        self.term = term
    }
}

package struct SessionLabel: Hashable, Sendable {
    package var name: String
    package var value: String

    package init(name: String, value: String) {
        self.name = name
        self.value = value
    }
}

package enum ClosingReason: UInt8, Hashable, Sendable, CaseIterable {
    /// Its lease ran out, as a majority of voters saw it.
    case expired = 1
    /// The host itself gave it back, with nothing left of it (S10).
    case byHolder = 2
}
