package import HoldfastCore

/// Which faults a world suffers, and how often, before its quiet phase.
///
/// Probabilities are per message where they say so. The others are rates: how often per host and
/// minute of virtual time.
package struct FaultPlan: Equatable, Sendable {
    /// Per message: it never arrives.
    package var loss = 0.0
    /// Per message: it arrives twice, the second time after a delay of its own.
    package var repetition = 0.0
    /// Per message: it takes up to `longDelay` instead of milliseconds, and so overtakes nothing.
    package var lateness = 0.0
    package var longDelay = Duration.seconds(20)
    /// Most that a message takes when nothing is wrong; the least is a tenth.
    package var delay = Duration.milliseconds(2)

    /// A cut of one direction between two hosts.
    package var oneWayCuts = 0.0
    /// A cut of both directions between two hosts, who still reach the others.
    package var partialCuts = 0.0
    /// A host loses every other.
    package var isolations = 0.0
    /// Longest that a cut lasts.
    package var cutLength = Duration.seconds(20)

    /// kill -9 of the agent: unsynced writes are lost, or not, from some point on.
    package var agentCrashes = 0.0
    /// The agent stops taking events, as by SIGSTOP, for up to `hangLength`.
    package var agentHangs = 0.0
    package var hangLength = Duration.seconds(15)
    /// The connection between agent and guard breaks; both live.
    package var guardDisconnections = 0.0
    /// kill -9 of the guard: its children die with it.
    package var guardKills = 0.0
    /// SIGSTOP of the guard for up to `hangLength`: the kernel timer stands behind it (G4).
    package var guardStops = 0.0
    /// Power failure: agent, guard, children and unsynced writes.
    package var powerCuts = 0.0
    /// SIGTERM to the guard: the host leaves in order.
    package var departures = 0.0
    /// Longest until what was killed is started again.
    package var restartDelay = Duration.seconds(10)

    /// The disk answers nothing for up to `stallLength`.
    package var diskStalls = 0.0
    package var stallLength = Duration.seconds(8)
    /// Most that a sync takes when nothing is wrong.
    package var syncDelay = Duration.milliseconds(3)

    /// Per launch: the agent cannot prepare it.
    package var impossibleLaunches = 0.0
    /// Per launch: a step of it fails in the guard.
    package var failedLaunches = 0.0
    /// Per run: it ignores the stop signal until the grace has passed.
    package var stubbornness = 0.0
    /// Per run: it ends by itself within `life`.
    package var shortLives = 0.0
    package var life = Duration.seconds(20)

    /// Questions and changes by users, per second, over all hosts.
    package var requests = 0.0

    package init() {}

    /// Nothing goes wrong and nobody asks for anything.
    package static let calm = FaultPlan()

    /// Each kind of fault is in the plan or not, and often or seldom ("swarm testing", Groce et
    /// al., 2012): plans that leave kinds out reach states that a plan with all of them does not.
    package static func random(_ random: inout Randomness) -> FaultPlan {
        var plan = FaultPlan()
        func sometimes(_ most: Double) -> Double {
            let isIn = random.chance(0.5)
            let share = Double(1 + random.below(100)) / 100
            return isIn ? most * share * share : 0
        }
        plan.loss = sometimes(0.2)
        plan.repetition = sometimes(0.2)
        plan.lateness = sometimes(0.02)
        plan.delay = random.pick([.milliseconds(1), .milliseconds(5), .milliseconds(60)])
        plan.oneWayCuts = sometimes(4)
        plan.partialCuts = sometimes(4)
        plan.isolations = sometimes(4)
        plan.agentCrashes = sometimes(6)
        plan.agentHangs = sometimes(4)
        plan.guardDisconnections = sometimes(4)
        plan.guardKills = sometimes(3)
        plan.guardStops = sometimes(3)
        plan.powerCuts = sometimes(3)
        plan.departures = sometimes(2)
        plan.restartDelay = random.pick([.milliseconds(100), .seconds(2), .seconds(15)])
        plan.diskStalls = sometimes(3)
        plan.syncDelay = random.pick([.milliseconds(1), .milliseconds(5), .milliseconds(100)])
        plan.impossibleLaunches = sometimes(0.2)
        plan.failedLaunches = sometimes(0.2)
        plan.stubbornness = sometimes(0.8)
        plan.shortLives = sometimes(1)
        plan.life = random.pick([.milliseconds(200), .seconds(3), .seconds(30)])
        plan.requests = 0.2 + sometimes(4)
        return plan
    }
}
