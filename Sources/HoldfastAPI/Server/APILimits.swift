/// What one server lets its readers have; every field is a bound.
package struct APILimits: Hashable, Sendable {
    package var bodyBytes = 8 * 1024 * 1024
    /// Of all connections together, so that many readers can't fill the memory.
    package var bodyBytesInAll = 64 * 1024 * 1024
    package var headerBytes = 64 * 1024
    package var headerCount = 64
    package var connectionCount = 4096
    /// Bytes of a stream that its reader hasn't taken; beyond it the reader is dropped.
    package var unreadStreamBytes = 4 * 1024 * 1024
    /// Of one answer to `GET /v1/events`; older ones are left out.
    package var eventsPerAnswer = 10_000
    package var logLines = 100_000
    /// The longest that one request may wait.
    package var wait: Duration = .seconds(3600)
    /// How long the backend may take beyond what the request waits for.
    package var answerWithin: Duration = .seconds(60)
    /// How long a connection may stay without a complete request.
    package var idle: Duration = .seconds(60)

    package init() {}
}
