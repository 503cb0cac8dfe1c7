/// The newest numbers seen, up to a limit: tells a message that the network repeated.
struct RecentNumbers: Equatable, Sendable {
    private let limit: Int
    private var ring: [UInt64] = []
    private var next = 0
    private var known: Set<UInt64> = []

    /// - Precondition: `limit` is above 0.
    init(limit: Int) {
        self.limit = limit
    }

    /// - Returns: Whether the number was new.
    mutating func insert(_ number: UInt64) -> Bool {
        guard self.known.insert(number).inserted else { return false }
        if self.ring.count < self.limit {
            self.ring.append(number)
        } else {
            self.known.remove(self.ring[self.next])
            self.ring[self.next] = number
        }
        self.next = (self.next + 1) % self.limit
        return true
    }
}
