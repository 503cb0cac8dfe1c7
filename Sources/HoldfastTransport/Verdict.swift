/// What the receiver of a greeting makes of it; one byte on the wire.
package enum Verdict: UInt8, Hashable, Sendable, CaseIterable, CustomStringConvertible {
    case welcome = 0
    case wrongVersion = 1
    /// The greeting was meant for a host of another name.
    case wrongReceiver = 2
    /// The receiver has no peer of the sender's name.
    case unknownSender = 3
    /// Another process speaks for the sender's name: two hosts under one name (S12).
    case nameTaken = 4

    package var description: String {
        switch self {
        case .welcome: "welcome"
        case .wrongVersion: "it speaks another version of the peer protocol"
        case .wrongReceiver: "it was meant for a host of another name at this address"
        case .unknownSender: "no peer of that name is configured here"
        case .nameTaken: "another process speaks for that host: two hosts have one name"
        }
    }
}
