/// Why a connection was closed by this end.
package enum Rejection: Hashable, Sendable, CustomStringConvertible {
    /// What came first is no greeting of ours, or nothing came in time.
    case noGreeting
    /// More connections than there can be peers, none of which has said who it is.
    case tooMany
    /// The greeting was refused for this reason.
    case refused(Verdict)
    /// A frame longer than any may be, or empty.
    case badLength(UInt32)
    /// The connection ended in the middle of a frame.
    case truncated
    /// A host that this one had dialled sent something else than an answer to the greeting.
    case badAnswer

    package var description: String {
        switch self {
        case .noGreeting: "it did not greet as a holdfast peer"
        case .tooMany: "too many connections that have not greeted"
        case .refused(let verdict): verdict.description
        case .badLength(let length): "it announced a frame of \(length) bytes"
        case .truncated: "it ended in the middle of a frame"
        case .badAnswer: "it did not answer as a holdfast peer"
        }
    }
}
