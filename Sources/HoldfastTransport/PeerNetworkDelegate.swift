package import HoldfastCore

/// Whom a `PeerNetwork` tells; called on its event loop.
package protocol PeerNetworkDelegate: AnyObject {
    /// A frame of 1 to `Limits.peerFrameBytes` bytes has come, as the other host sent it.
    func received(_ frame: [UInt8], from host: HostName)
    /// Frames to `host` have a chance from now on: it has answered our greeting.
    func peerUp(_ host: HostName)
    /// Frames to `host` are dropped from now on; follows each `peerUp` at most once.
    func peerDown(_ host: HostName)
    /// A connection was closed because of what it sent, or did not send.
    ///
    /// - Parameters:
    ///   - reason: Why.
    ///   - address: Of the other end; `nil` where the system does not tell.
    ///   - count: Of all such connections since the start; strangers can make it rise fast.
    func rejected(_ reason: Rejection, from address: PeerAddress?, count: UInt64)
    /// The host at the address of `host` does not want to hear from us; asked again with each try.
    func refused(_ verdict: Verdict, by host: HostName)
}
