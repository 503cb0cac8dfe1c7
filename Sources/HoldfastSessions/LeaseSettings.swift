internal import HoldfastCore

/// How long a lease lasts and how the time before its end is spent (S4 to S6).
///
/// All spans count from the start of the lease, the send time of the heartbeat that a majority
/// acknowledged (S5), except `wakeUp` and `kill`, which come after the fence:
///
/// ```
/// 0        soft     fence   +wakeUp  +kill            term×(1−ρ)/(1+ρ)
/// ├─ runs ──┼─ warned ─┼────────┼────────┤ · · · slack · · ┤ a voter may let the next one in
/// ```
package struct LeaseSettings: Hashable, Sendable {
    /// T: for so long after a heartbeat no voter takes the session for expired.
    package var term: Duration
    /// h: between two heartbeats.
    package var heartbeat: Duration
    /// From here on nothing new is launched, and the children are told.
    package var soft: Duration
    /// F: here the guard freezes, stops or kills.
    package var fence: Duration
    /// G: how late the guard may wake.
    package var wakeUp: Duration
    /// K: how long killing a whole tree may take.
    package var kill: Duration
    /// ρ: by what fraction the clocks of two hosts may differ in rate from true time.
    package var clockRateBound: Double

    package static let terms: ClosedRange<Duration> = .seconds(1) ... .seconds(600)

    package init(
        term: Duration, heartbeat: Duration, soft: Duration, fence: Duration, wakeUp: Duration,
        kill: Duration, clockRateBound: Double
    ) {
        self.term = term
        self.heartbeat = heartbeat
        self.soft = soft
        self.fence = fence
        self.wakeUp = wakeUp
        self.kill = kill
        self.clockRateBound = clockRateBound
    }

    /// The settings that follow from the term alone; safe for every term.
    package static func defaults(term: Duration = .seconds(6)) -> Self {
        Self(
            term: term, heartbeat: term / 6, soft: term / 5 * 3, fence: term / 10 * 7,
            wakeUp: term / 20, kill: term / 5, clockRateBound: 0.002)
    }

    /// What makes these settings unsafe or useless; empty when they may be used.
    ///
    /// - Complexity: Constant.
    package func check() -> [Mistake] {
        var mistakes = self.rangeMistakes()
        if self.heartbeat > self.soft / 2 {
            mistakes.append(
                Mistake(
                    field: .heartbeat,
                    message: "heartbeat ≤ soft / 2 does not hold: "
                        + "\(Self.text(self.heartbeat)) > \(Self.text(self.soft)) / 2; "
                        + "one lost heartbeat would already stop launches"))
        }
        if self.soft > self.fence {
            mistakes.append(
                Mistake(
                    field: .soft,
                    message: "soft ≤ fence does not hold: "
                        + "\(Self.text(self.soft)) > \(Self.text(self.fence))"))
        }
        if let mistake = self.fencingMistake() { mistakes.append(mistake) }
        return mistakes
    }

    private func rangeMistakes() -> [Mistake] {
        var mistakes: [Mistake] = []
        if !Self.terms.contains(self.term) {
            mistakes.append(
                Mistake(
                    field: .term, message: "term must be 1s to 10m, not \(Self.text(self.term))"))
        }
        if !(0..<0.1).contains(self.clockRateBound) {
            mistakes.append(
                Mistake(
                    field: .clockRateBound,
                    message: "clock_rate_bound must be at least 0 and below 0.1, "
                        + "not \(self.clockRateBound)"))
        }
        for (field, value) in [
            (Field.heartbeat, self.heartbeat), (.soft, self.soft), (.fence, self.fence),
            (.wakeUp, self.wakeUp), (.kill, self.kill),
        ] where value <= .zero {
            mistakes.append(Mistake(field: field, message: "\(field.rawValue) must be above 0"))
        }
        return mistakes
    }

    /// S6: what was fenced is dead before a voter whose clock runs fast lets the next one in.
    private func fencingMistake() -> Mistake? {
        guard (0..<0.1).contains(self.clockRateBound), self.term > .zero else { return nil }
        let used = self.fence + self.wakeUp + self.kill
        let bound = self.clockRateBound
        let available = self.term / .nanoseconds(1) * (1 - bound) / (1 + bound)
        guard used / .nanoseconds(1) > available else { return nil }
        // Rounded down, so that the message never shows a bound that was not there.
        let shown = Duration.milliseconds(Int64(available / 1_000_000))
        return Mistake(
            field: .fence,
            message: "unsafe: fence + wake_up + kill ≤ term × (1 − ρ) / (1 + ρ) does not hold: "
                + "\(Self.text(self.fence)) + \(Self.text(self.wakeUp)) + "
                + "\(Self.text(self.kill)) = \(Self.text(used)) > \(Self.text(shown)) "
                + "(term \(Self.text(self.term)), ρ \(bound)); "
                + "a second copy could start before the first is dead: "
                + "lower fence or raise term")
    }

    private static func text(_ duration: Duration) -> String { DurationText.format(duration) }

    /// A setting, by its name in the configuration file.
    package enum Field: String, Hashable, Sendable, CaseIterable {
        case term
        case heartbeat
        case soft
        case fence
        case wakeUp = "wake_up"
        case kill
        case clockRateBound = "clock_rate_bound"
    }

    /// One reason to refuse the settings, and the setting to look at first.
    package struct Mistake: Hashable, Sendable {
        package var field: Field
        package var message: String
    }
}
