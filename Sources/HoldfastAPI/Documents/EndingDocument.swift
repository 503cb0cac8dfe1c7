/// How a run ended, or why it never began.
package struct EndingDocument: Codable, Hashable, Sendable {
    package enum How: String, Codable, Hashable, Sendable, CaseIterable {
        /// `code` is its exit status.
        case exited
        /// `signal` is the number.
        case signalled
        /// A signal, and a core was dumped.
        case core
        /// Asked to stop, and did.
        case stopped
        /// A step of the launch failed; `reason` says which.
        case failedToStart = "failed-to-start"
        /// Its host was given up; how it ended there is not known.
        case lost
        /// The grant was taken back before a launch.
        case neverStarted = "never-started"
    }

    package var token: UInt64
    package var host: String
    package var how: How
    package var code: Int32?
    package var signal: Int32?
    package var reason: String?
    /// RFC 3339 with milliseconds.
    package var at: String
    /// Seconds from its start to its end.
    package var ran: Double?

    package init(
        token: UInt64, host: String, how: How, code: Int32? = nil, signal: Int32? = nil,
        reason: String? = nil, at: String, ran: Double? = nil
    ) {
        self.token = token
        self.host = host
        self.how = how
        self.code = code
        self.signal = signal
        self.reason = reason
        self.at = at
        self.ran = ran
    }
}
