/// What a world went through, to be added up over many.
package struct Figures: Equatable, Sendable {
    package var virtualTime: Duration = .zero
    package var events = 0
    package var messages = 0
    package var lost = 0
    package var repeated = 0
    package var late = 0
    package var cuts = 0
    package var agentCrashes = 0
    package var agentHangs = 0
    package var guardDisconnections = 0
    package var guardKills = 0
    package var guardStops = 0
    package var guardsKilledByTimer = 0
    package var powerCuts = 0
    package var departures = 0
    package var diskStalls = 0
    package var requests = 0
    package var answers = 0
    package var claims = 0
    package var launches = 0
    package var freezes = 0
    package var failovers = 0
    /// Longest span without any process of a key before it ran on another host.
    package var worstFailover: Duration = .zero
    /// Longest that a world took, after its last fault, until everything was in order.
    package var worstSettling: Duration = .zero
    /// Refusals of phase 1 or 2 that named a higher ballot.
    package var conflicts = 0

    package init() {}

    package mutating func add(_ other: Figures) {
        self.virtualTime += other.virtualTime
        for field in Self.counters.map(\.field) { self[keyPath: field] += other[keyPath: field] }
        self.worstFailover = max(self.worstFailover, other.worstFailover)
        self.worstSettling = max(self.worstSettling, other.worstSettling)
    }

    /// Every counter with its name, in the order of a summary.
    package static var counters: [(name: String, field: WritableKeyPath<Figures, Int>)] {
        [
            ("events", \.events), ("messages", \.messages), ("messages lost", \.lost),
            ("messages repeated", \.repeated), ("messages late", \.late), ("cuts", \.cuts),
            ("agent crashes", \.agentCrashes), ("agent hangs", \.agentHangs),
            ("guard disconnections", \.guardDisconnections), ("guard kills", \.guardKills),
            ("guard stops", \.guardStops), ("guards killed by timer", \.guardsKilledByTimer),
            ("power cuts", \.powerCuts), ("departures", \.departures),
            ("disk stalls", \.diskStalls), ("requests", \.requests), ("answers", \.answers),
            ("claims", \.claims), ("launches", \.launches), ("freezes", \.freezes),
            ("failovers", \.failovers), ("conflicts", \.conflicts),
        ]
    }
}
