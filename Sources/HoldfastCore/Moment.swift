/// One reading of a host's clocks, in nanoseconds; meaningful only against another reading of the
/// same host since the same boot.
///
/// Three clocks are read together because each lies in its own way: one stops in suspend, one is
/// slewed, one may be read from a bad clock on resume. Whoever measures chooses the one that errs
/// to the safe side (S8). No wall clock is among them: no lease depends on it.
package struct Moment: Hashable, Sendable {
    /// CLOCK_BOOTTIME: counts suspend.
    package var boot: Int64
    /// CLOCK_MONOTONIC: does not count suspend; slewed.
    package var monotonic: Int64
    /// CLOCK_MONOTONIC_RAW: never slewed.
    package var raw: Int64

    package init(boot: Int64, monotonic: Int64, raw: Int64) {
        self.boot = boot
        self.monotonic = monotonic
        self.raw = raw
    }

    /// How long the holder of a lease must assume has passed: the greater of two clocks (S8).
    package func holderElapsed(since start: Moment) -> Duration {
        .nanoseconds(max(self.boot - start.boot, self.raw - start.raw))
    }

    /// How long a voter may be sure has passed: the lesser of two clocks (S8).
    package func voterElapsed(since start: Moment) -> Duration {
        .nanoseconds(min(self.monotonic - start.monotonic, self.raw - start.raw))
    }

    /// The same span later on every clock.
    package func advanced(by span: Duration) -> Moment {
        let nanoseconds = span.wholeNanoseconds
        return Moment(
            boot: self.boot + nanoseconds, monotonic: self.monotonic + nanoseconds,
            raw: self.raw + nanoseconds)
    }

    /// Whether a deadline counted from the holder's clocks has come: on either of them.
    package func hasReached(_ deadline: Moment) -> Bool {
        self.boot >= deadline.boot || self.raw >= deadline.raw
    }
}

extension Duration {
    /// This span in nanoseconds, cut to what 64 bits hold (292 years).
    package var wholeNanoseconds: Int64 {
        let (seconds, attoseconds) = self.components
        let (scaled, overflow) = seconds.multipliedReportingOverflow(by: 1_000_000_000)
        guard !overflow else { return seconds < 0 ? .min : .max }
        let (sum, overflowed) = scaled.addingReportingOverflow(attoseconds / 1_000_000_000)
        guard !overflowed else { return seconds < 0 ? .min : .max }
        return sum
    }

    /// This span in seconds, for people.
    package var inSeconds: Double {
        let (seconds, attoseconds) = self.components
        return Double(seconds) + Double(attoseconds) * 1e-18
    }

    /// This span multiplied by a ratio, exact enough for time-outs (not for leases).
    package func scaled(by ratio: Double) -> Duration {
        .nanoseconds(Int64(Double(self.wholeNanoseconds) * ratio))
    }
}

/// Milliseconds since 1970 by the wall clock: for people and for history, never for a lease.
package struct WallTime: Hashable, Comparable, Sendable {
    package var milliseconds: Int64

    package init(milliseconds: Int64) {
        self.milliseconds = milliseconds
    }

    package static func < (left: Self, right: Self) -> Bool {
        left.milliseconds < right.milliseconds
    }
}

/// What an event is stamped with: the clocks that count, and the one for people.
package struct Now: Hashable, Sendable {
    package var moment: Moment
    package var wall: WallTime

    package init(moment: Moment, wall: WallTime) {
        self.moment = moment
        self.wall = wall
    }
}
