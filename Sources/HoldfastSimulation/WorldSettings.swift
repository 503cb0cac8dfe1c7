import HoldfastCore
package import HoldfastSessions

/// What a world is made of.
package struct WorldSettings: Sendable {
    package var seed: UInt64
    package var hostCount: Int
    package var keyCount: Int
    package var lease: LeaseSettings
    package var plan: FaultPlan
    /// How long faults happen.
    package var faultPhase: Duration
    /// How long after the last fault everything must be in order (I12).
    package var quietPhase: Duration
    /// Whether every event is kept as a line.
    package var keepsTranscript = false

    package init(
        seed: UInt64, hostCount: Int, keyCount: Int, lease: LeaseSettings, plan: FaultPlan,
        faultPhase: Duration, quietPhase: Duration
    ) {
        self.seed = seed
        self.hostCount = hostCount
        self.keyCount = keyCount
        self.lease = lease
        self.plan = plan
        self.faultPhase = faultPhase
        self.quietPhase = quietPhase
    }

    /// The world that a seed stands for: size, timers and faults are drawn from it.
    package static func random(seed: UInt64, faultPhase: Duration = .seconds(60)) -> Self {
        var random = Randomness(seed: seed ^ 0x5EED_0F_0A11)
        let hostCount = random.pick([1, 2, 3, 3, 3, 3, 4, 5])
        let keyCount = 1 + random.below(5)
        let term = random.pick([Duration.seconds(1), .seconds(2), .seconds(6), .seconds(6)])
        return WorldSettings(
            seed: seed, hostCount: hostCount, keyCount: keyCount,
            lease: .defaults(term: term), plan: .random(&random), faultPhase: faultPhase,
            quietPhase: .seconds(20) + term * 5)
    }

    /// Three hosts and nothing wrong: what a scenario starts from.
    package static func calm(seed: UInt64 = 1, hostCount: Int = 3, keyCount: Int = 1) -> Self {
        WorldSettings(
            seed: seed, hostCount: hostCount, keyCount: keyCount, lease: .defaults(),
            plan: .calm, faultPhase: .seconds(0), quietPhase: .seconds(60))
    }
}
