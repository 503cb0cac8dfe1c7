package import HoldfastCore
package import HoldfastJobs

/// What a request is answered with, once, on the event loop that asked.
package typealias Answer<Document> = (Result<Document, APIFailure>) -> Void

/// What a stream brings: `opened` at most once and first, `ended` exactly once and last.
package enum StreamSignal<Element> {
    /// The question was good; elements may be long in coming.
    case opened
    case element(Element)
    /// With a failure before `opened` and the first element, it is the answer to the request;
    /// later it cuts the stream short.
    case ended(APIFailure?)
}

package typealias Subscriber<Element> = (StreamSignal<Element>) -> Void

/// Ends a stream from the reader's side; to be called at most once, and harmless after `ended`.
package typealias Cancellation = () -> Void

/// The host behind the API.
///
/// Confined to the event loop of its `APIServer`: every function is called on it, and calls back
/// on it, before or after it returns. A `wait` says how long the caller is willing to wait for
/// the state it asked for; `nil` is not at all. When the wait is over the answer is the key as it
/// is then, not a failure.
package protocol HostBackend: AnyObject {
    func whereis(_ key: Key, _ question: WhereisQuestion, _ answer: @escaping Answer<KeyDocument>)
    func list(_ answer: @escaping Answer<KeyList>)
    func hosts(_ answer: @escaping Answer<HostList>)
    func status(_ answer: @escaping Answer<StatusDocument>)

    /// Declares every job of a file; rows in the order of `jobs`.
    func apply(_ jobs: [(Key, JobSpec)], _ answer: @escaping Answer<ApplyResult>)
    /// Declares a key that isn't declared and starts it; one that is, is only looked up.
    func run(
        _ key: Key, _ job: JobSpec, wait: Duration?, _ answer: @escaping Answer<KeyDocument>)
    func delete(_ key: Key, _ answer: @escaping Answer<KeyDocument>)
    func start(_ key: Key, wait: Duration?, _ answer: @escaping Answer<KeyDocument>)
    func stop(_ key: Key, wait: Duration?, _ answer: @escaping Answer<KeyDocument>)
    func restart(_ key: Key, wait: Duration?, _ answer: @escaping Answer<KeyDocument>)

    /// Events with an index above `since` that are still kept, oldest first, then, with
    /// `follow`, those that come. Without `since`: all that are kept, or with `follow` none.
    func events(
        since: UInt64?, follow: Bool, _ subscriber: @escaping Subscriber<EventDocument>
    ) -> Cancellation
    /// The last `lines` lines of what the job wrote, whichever host runs it, then, with `follow`,
    /// what it writes. Elements are runs of bytes of up to 64 KiB, not lines.
    func logs(
        _ key: Key, lines: Int, follow: Bool, _ subscriber: @escaping Subscriber<[UInt8]>
    ) -> Cancellation
}

/// How a key is asked for.
package struct WhereisQuestion: Hashable, Sendable {
    /// Starts a key that is declared to start on demand.
    package var start: Bool
    /// Answers from what this host last heard, without asking a quorum.
    package var stale: Bool
    /// Until it runs.
    package var wait: Duration?

    package init(start: Bool = false, stale: Bool = false, wait: Duration? = nil) {
        self.start = start
        self.stale = stale
        self.wait = wait
    }
}
