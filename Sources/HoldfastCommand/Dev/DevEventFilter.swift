internal import HoldfastAPI
internal import HoldfastCore

/// Lets each event of the cluster through once, whichever host tells it.
///
/// Every host tells what it learns by itself, with its own clock and numbers; after a change of
/// host the same things are told again.
struct DevEventFilter {
    private struct Fingerprint: Hashable {
        var kind: String
        var key: String?
        var host: String?
        var token: UInt64?
        var text: String
    }

    private static let memory = 2048
    /// How far apart two hosts may tell the same, in milliseconds.
    private static let spread: Int64 = 3000

    private var seen: [Fingerprint: WallTime] = [:]
    private var newest: WallTime?

    mutating func isNew(_ event: EventDocument) -> Bool {
        let fingerprint = Fingerprint(
            kind: event.kind, key: event.key, host: event.host, token: event.token,
            text: event.text)
        guard let at = Timestamp.time(event.at) else { return true }
        if let newest, at.milliseconds < newest.milliseconds - Self.spread { return false }
        if let before = self.seen[fingerprint],
            abs(at.milliseconds - before.milliseconds) <= Self.spread
        {
            return false
        }
        self.newest = max(self.newest ?? at, at)
        self.seen[fingerprint] = at
        if self.seen.count > Self.memory { self.forget(before: at.milliseconds - 2 * Self.spread) }
        return true
    }

    private mutating func forget(before milliseconds: Int64) {
        self.seen = self.seen.filter { $0.value.milliseconds >= milliseconds }
    }
}
