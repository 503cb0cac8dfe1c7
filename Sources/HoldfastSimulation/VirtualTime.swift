package import HoldfastCore

/// True time of a simulated world: nanoseconds since it began.
///
/// No host ever sees it; each reads a `SimulatedClock` of its own.
package struct VirtualTime: Hashable, Comparable, Sendable, CustomStringConvertible {
    package var nanoseconds: Int64

    package init(nanoseconds: Int64) {
        self.nanoseconds = nanoseconds
    }

    package static let zero = VirtualTime(nanoseconds: 0)

    package static func < (left: Self, right: Self) -> Bool {
        left.nanoseconds < right.nanoseconds
    }

    package static func + (left: Self, right: Duration) -> Self {
        VirtualTime(nanoseconds: left.nanoseconds + right.wholeNanoseconds)
    }

    package static func - (left: Self, right: Self) -> Duration {
        .nanoseconds(left.nanoseconds - right.nanoseconds)
    }

    /// Seconds with microseconds, right-aligned for a column: `   12.345678`.
    package var description: String {
        let microseconds = self.nanoseconds / 1000
        let fraction = String(microseconds % 1_000_000)
        let zeros = String(repeating: "0", count: 6 - fraction.utf8.count)
        let text = "\(microseconds / 1_000_000).\(zeros)\(fraction)"
        return String(repeating: " ", count: max(0, 11 - text.utf8.count)) + text
    }
}

/// The clocks of one host: begun at some reading, and going a little too fast or too slow.
package struct SimulatedClock: Sendable {
    /// What the clock showed when the world began, nanoseconds.
    package var offset: Int64
    /// How much faster than true time, in parts per million; within ρ in a fair world.
    package var partsPerMillion: Int64
    /// CLOCK_REALTIME minus true time, milliseconds: no lease may depend on it.
    package var wallOffset: Int64

    package init(offset: Int64, partsPerMillion: Int64, wallOffset: Int64) {
        self.offset = offset
        self.partsPerMillion = partsPerMillion
        self.wallOffset = wallOffset
    }

    package func read(at time: VirtualTime) -> Now {
        let elapsed = time.nanoseconds
        let local = self.offset + elapsed + elapsed * self.partsPerMillion / 1_000_000
        return Now(
            moment: Moment(boot: local, monotonic: local, raw: local),
            wall: WallTime(milliseconds: elapsed / 1_000_000 + self.wallOffset))
    }

    /// How long a span of this clock lasts in true time; never too short.
    package func trueSpan(of span: Duration) -> Duration {
        let local = max(0, span.wholeNanoseconds)
        let rate = 1_000_000 + self.partsPerMillion
        let (whole, rest) = (local / rate, local % rate)
        return .nanoseconds(whole * 1_000_000 + rest * 1_000_000 / rate + 1)
    }
}
