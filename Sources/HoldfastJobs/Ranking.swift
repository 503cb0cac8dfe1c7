package import HoldfastCore

/// Who should try first to run a key (C6): an order, never a right.
package enum Ranking {
    /// One host that could run it.
    package struct Candidate: Hashable, Sendable {
        package var host: HostName
        /// Its labels; the label `host` is implied.
        package var labels: [Label]

        package init(host: HostName, labels: [Label]) {
            self.host = host
            self.labels = labels
        }
    }

    /// The candidates that fit, best first; the same on every host that sees the same.
    ///
    /// Preferred labels count most. Then the host that ran it last goes first, so that a restart
    /// stays where its caches are, or goes last, where that host failed to launch it or was lost.
    /// Then a rendezvous hash decides, so that keys spread evenly (Thaler and Ravishankar, 1998).
    package static func order(
        _ candidates: [Candidate], for key: Key, placement: Placement, last: Ending?
    ) -> [HostName] {
        candidates
            .filter { Self.matches($0, all: placement.require) }
            .map { candidate in
                (
                    host: candidate.host,
                    preferred: placement.prefer.reduce(0) {
                        $0 + (Self.has(candidate, $1) ? 1 : 0)
                    },
                    loyalty: Self.loyalty(of: candidate.host, last),
                    hash: StableHash.of(key.text, candidate.host.text)
                )
            }
            .sorted {
                ($0.preferred, $0.loyalty, $0.hash, $0.host)
                    > ($1.preferred, $1.loyalty, $1.hash, $1.host)
            }
            .map(\.host)
    }

    private static func loyalty(of host: HostName, _ last: Ending?) -> Int {
        guard let last, last.session.host == host else { return 1 }
        switch last.how {
        case .exited, .signalled:
            return last.cause == .hostEnding || last.cause == .fenced ? 0 : 2
        case .launchFailed, .refused, .lost: return 0
        case .neverStarted: return 1
        }
    }

    private static func matches(_ candidate: Candidate, all labels: [Label]) -> Bool {
        labels.allSatisfy { Self.has(candidate, $0) }
    }

    private static func has(_ candidate: Candidate, _ label: Label) -> Bool {
        label == Label(name: "host", value: candidate.host.text)
            || candidate.labels.contains(label)
    }
}
