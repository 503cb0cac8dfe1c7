internal import Glibc
package import HoldfastCore
internal import NIOCore

/// Why this host cannot listen for its peers.
package enum TransportFailure: OperatorFacing, Hashable {
    case addressInUse(PeerAddress)
    case notPermitted(PeerAddress)
    /// The address is none of this machine.
    case notLocal(PeerAddress)
    case notResolved(PeerAddress)
    case system(PeerAddress, errorNumber: Int32)
    case other(PeerAddress, detail: String)
    /// `stop` came before `start` was done.
    case stopped(PeerAddress)

    init(_ error: any Error, listeningAt address: PeerAddress) {
        guard let failure = error as? IOError else {
            self = address.isNumeric ? .other(address, detail: "\(error)") : .notResolved(address)
            return
        }
        switch failure.errnoCode {
        case EADDRINUSE: self = .addressInUse(address)
        case EACCES, EPERM: self = .notPermitted(address)
        case EADDRNOTAVAIL: self = .notLocal(address)
        default: self = .system(address, errorNumber: failure.errnoCode)
        }
    }

    private var address: PeerAddress {
        switch self {
        case .addressInUse(let address), .notPermitted(let address), .notLocal(let address),
            .notResolved(let address), .system(let address, _), .other(let address, _),
            .stopped(let address):
            address
        }
    }

    package var what: String { "cannot listen for peers at \(self.address)" }

    package var why: String {
        switch self {
        case .addressInUse: "the address is in use by another process"
        case .notPermitted: "this user may not listen there"
        case .notLocal: "the address does not belong to this machine"
        case .notResolved(let address): "\(address.host) has no address"
        case .system(_, let errorNumber): String(cString: strerror(errorNumber))
        case .other(_, let detail): detail
        case .stopped: "the agent is stopping"
        }
    }

    package var next: String {
        switch self {
        case .addressInUse: "stop that process, or listen at another port"
        case .notPermitted: "choose a port above 1023"
        case .notLocal, .notResolved: "name an address of this machine"
        case .system, .other: "check the address and the network of this machine"
        case .stopped: "start it again"
        }
    }

    package var exitStatus: ExitStatusCode {
        switch self {
        case .addressInUse, .stopped: .temporary
        case .notPermitted: .notPermitted
        case .notLocal, .notResolved: .configuration
        case .system, .other: .system
        }
    }
}
