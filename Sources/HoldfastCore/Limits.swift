/// Upper bounds; every collection that grows, and everything read from outside, has one.
package enum Limits {
    package static let keyBytes = 255
    package static let hostNameBytes = 63
    /// A name in the domain name system (RFC 1035, section 2.3.4).
    package static let domainNameBytes = 253
    package static let voterCount = 15
    package static let hostCount = 256
    /// One record of a register, encoded.
    package static let recordBytes = 256 * 1024
    /// Registers named in one message; with the longest names they fit into a frame.
    package static let inventoryCount = 2048
    /// One frame between agents.
    package static let peerFrameBytes = 1024 * 1024
    /// Frames to one peer that wait for its socket; what comes above is dropped.
    package static let peerBacklogBytes = 8 * 1024 * 1024
    /// Connections taken from peers that have not said who they are.
    package static let ungreetedConnectionCount = 64
    /// One frame between agent and guard; below the default socket buffer.
    package static let guardFrameBytes = 128 * 1024
    /// Arguments and environment of one command together.
    package static let commandBytes = 96 * 1024
    package static let argumentCount = 1024
    package static let environmentCount = 1024
    package static let labelCount = 64
    package static let textBytes = 4096
    package static let jobsPerFile = 10_000
    /// Changes that wait for one register on one host.
    package static let queuedChangesPerRegister = 4096
    /// Children under one guard.
    package static let runCount = 16_384
}
