import HoldfastCore
import HoldfastTransport
import Logging

/// Passes frames of peers on, and logs what the network meets.
final class PeerEvents: PeerNetworkDelegate {
    private let logger: Logger
    private let deliver: ([UInt8], HostName) -> Void
    /// Said once per host and reason, until the host is up again.
    private var complaints: [HostName: String] = [:]

    init(logger: Logger, deliver: @escaping ([UInt8], HostName) -> Void) {
        self.logger = logger
        self.deliver = deliver
    }

    func received(_ frame: [UInt8], from host: HostName) { self.deliver(frame, host) }

    func peerUp(_ host: HostName) {
        self.complaints[host] = nil
        self.logger.info("connected", metadata: ["host": "\(host)"])
    }

    func peerDown(_ host: HostName) {
        self.logger.info("disconnected", metadata: ["host": "\(host)"])
    }

    func rejected(_ reason: Rejection, from address: PeerAddress?, count: UInt64) {
        // The first, then ever fewer: strangers must not fill the log.
        guard count & (count - 1) == 0 else { return }
        self.logger.warning(
            "a connection from elsewhere was closed",
            metadata: [
                "address": "\(address.map { "\($0)" } ?? "unknown")", "why": "\(reason)",
                "count": "\(count)",
            ])
    }

    func refused(_ verdict: Verdict, by host: HostName) {
        let text = "\(verdict)"
        guard self.complaints[host] != text else { return }
        self.complaints[host] = text
        self.logger.error(
            "another host refuses this one", metadata: ["host": "\(host)", "why": "\(text)"])
    }
}
