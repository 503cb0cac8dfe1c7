import HoldfastCore

/// The highest token launched or burned for each key, for the guard's life (G5, C8).
///
/// It is bounded: keys beyond `limit` share one floor, which may refuse a token that was never
/// used but never forgets one that was. Whoever is refused so claims again and gets a higher one.
struct TokenMemory: Equatable, Sendable {
    private let limit: Int
    private var highest: [String: Token] = [:]
    /// The highest token of all keys that are not in `highest`.
    private var floor: Token = 0

    init(limit: Int = Limits.rememberedKeyCount) {
        self.limit = limit
    }

    func isUsed(_ name: RunName) -> Bool {
        name.token <= self.highest[name.key] ?? self.floor
    }

    mutating func remember(_ name: RunName) {
        if let known = self.highest[name.key] {
            self.highest[name.key] = max(known, name.token)
        } else if self.highest.count < self.limit {
            self.highest[name.key] = max(self.floor, name.token)
        } else {
            self.floor = max(self.floor, name.token)
        }
    }
}
