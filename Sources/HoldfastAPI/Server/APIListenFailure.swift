internal import Glibc
package import HoldfastCore
internal import NIOCore

/// The API's socket can't be had.
package struct APIListenFailure: OperatorFacing, Hashable {
    package var path: String
    package var why: String
    package var exitStatus: ExitStatusCode

    package var what: String { "cannot listen on \(self.path)" }
    package var next: String {
        "name another place as 'socket' in the host's configuration, or end what uses this one"
    }

    init(path: String, why: String, exitStatus: ExitStatusCode = .cannotCreate) {
        self.path = path
        self.why = why
        self.exitStatus = exitStatus
    }

    init(path: String, errorNumber: CInt) {
        self.init(path: path, why: String(cString: strerror(errorNumber)))
    }

    init(path: String, _ error: any Error) {
        switch error {
        case let failure as APIListenFailure: self = failure
        case let error as IOError: self.init(path: path, errorNumber: error.errnoCode)
        default: self.init(path: path, why: "\(error)")
        }
    }
}
