/// Something that a reader did and that the host coped with; for the log and for counting.
package enum APIIncident: String, Hashable, Sendable, CaseIterable {
    /// Bytes that are not HTTP, or headers beyond their bounds.
    case garbage
    case bodyTooLarge
    case notPermitted
    case tooManyConnections
    /// A stream's reader let too much pile up and was dropped.
    case slowReader
    /// The backend didn't answer in its time.
    case noAnswer
    case connectionFailed
}
