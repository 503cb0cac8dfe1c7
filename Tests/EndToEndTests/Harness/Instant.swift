import Glibc

/// Readings of the monotonic clock, in seconds.
enum Instant {
    static func now() -> Double {
        var time = timespec()
        clock_gettime(CLOCK_MONOTONIC, &time)
        return Double(time.tv_sec) + Double(time.tv_nsec) / 1e9
    }

    static func pause(_ seconds: Double) {
        guard seconds > 0 else { return }
        usleep(UInt32(seconds * 1e6))
    }

    /// Asks again and again until there is an answer.
    ///
    /// - Throws: `Trouble` with `what` once `limit` seconds have passed without one.
    static func wait<Answer>(
        _ limit: Double, every interval: Double = 0.02, for what: String,
        _ ask: () throws -> Answer?
    ) throws -> Answer {
        let start = Self.now()
        while true {
            if let answer = try ask() { return answer }
            guard Self.now() - start < limit else {
                throw Trouble("waited \(limit) s in vain for \(what)")
            }
            Self.pause(interval)
        }
    }

    /// The same for something that is or is not so.
    static func wait(
        _ limit: Double, every interval: Double = 0.02, until what: String,
        _ isSo: () throws -> Bool
    ) throws {
        _ = try Self.wait(limit, every: interval, for: what) { try isSo() ? true : nil }
    }
}
