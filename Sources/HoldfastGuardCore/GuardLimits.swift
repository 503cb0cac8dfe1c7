package import HoldfastCore

/// Bounds that only the guard's frames and memory know.
extension Limits {
    /// Supplementary groups of one child; Linux itself allows 65,536.
    package static let groupCount = 4096
    /// Keys whose highest token the guard remembers one by one; see `TokenMemory`.
    package static let rememberedKeyCount = 65_536
    /// Burns of one live run that wait for its end; the agent may repeat what is dropped.
    package static let waitingBurnCount = 16
    /// The longest span in a frame: 2^61 ns, some 73 years.
    ///
    /// Added to any clock it stays far from
    /// overflow, so that no arithmetic on what came from outside can trap.
    package static let guardSpanNanoseconds: Int64 = 1 << 61
    /// Frames that wait for a slow agent before its connection is given up.
    package static let queuedGuardFrameCount = 4 * Limits.runCount
    /// Bytes of such frames.
    package static let queuedGuardFrameBytes = 8 * 1024 * 1024
    /// What `Moment.advanced` makes of a clock and a span that are both in their bounds.
    package static let farNanoseconds: ClosedRange<Int64> = 0...(1 << 62)
    /// Users that a guard may launch as, where they are listed.
    package static let allowedUserCount = 1024
}
