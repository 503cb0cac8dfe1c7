/// placeholder until merged
package struct LeaseSettings: Hashable, Sendable {
    package var term: Duration
    package var heartbeat: Duration
    package var soft: Duration
    package var fence: Duration
    package var wakeUp: Duration
    package var kill: Duration
    package var clockRateBound: Double
}
