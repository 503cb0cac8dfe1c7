import HoldfastNode

/// What a reader of a transcript wants to know last: where every host was left.
extension World {
    /// What the core keeps to itself is shown by reflection: nothing else depends on it.
    private static let shown = ["holding", "guardLink", "orphan", "claims", "runs", "burning"]

    mutating func noteEpilogue() {
        guard self.transcript.keepsLines else { return }
        for host in self.hosts.indices {
            guard let node = self.hosts[host].node else {
                self.note(host, "end", "no agent")
                continue
            }
            for (label, value) in Mirror(reflecting: node).children {
                guard let label, Self.shown.contains(label) else { continue }
                let text = "\(value)".replacing("HoldfastNode.", with: "")
                self.note(host, "end", "\(label): \(text.prefix(300))")
            }
        }
    }
}
