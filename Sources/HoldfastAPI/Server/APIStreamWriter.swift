/// How much of a stream its reader has not taken yet.
final class APIStreamWriter {
    private let limit: Int
    private var unread = 0

    init(limit: Int) {
        self.limit = limit
    }

    /// Whether there is room for `count` more bytes; if so they are counted.
    func reserve(_ count: Int) -> Bool {
        guard self.unread + count <= self.limit else { return false }
        self.unread += count
        return true
    }

    func release(_ count: Int) {
        self.unread -= count
    }
}
