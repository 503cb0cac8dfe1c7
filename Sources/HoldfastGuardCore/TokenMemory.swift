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

    // MARK: - As bytes

    func encode(into writer: inout ByteWriter) throws(GuardFrameError) {
        writer.integer(UInt32(self.limit))
        writer.integer(self.floor)
        writer.integer(UInt32(self.highest.count))
        let rising = self.highest.sorted { left, right in
            ExactText(left.key) < ExactText(right.key)
        }
        for (key, token) in rising { try writer.runName(RunName(key: key, token: token)) }
    }

    init(from reader: inout ByteReader) throws(GuardFrameError) {
        let limit = Int(try reader.integer(UInt32.self))
        guard limit <= Limits.rememberedKeyCount else { throw .invalid(.token) }
        self.init(limit: limit)
        self.floor = try reader.integer()
        let count = Int(try reader.integer(UInt32.self))
        guard count <= limit else { throw .tooLong(.token) }
        var last: ExactText?
        for _ in 0..<count {
            let name = try reader.runName()
            let key = ExactText(name.key)
            guard last.map({ last in last < key }) ?? true,
                self.highest.updateValue(name.token, forKey: name.key) == nil
            else { throw .invalid(.token) }
            last = key
        }
    }
}
