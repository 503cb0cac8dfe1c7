package import HoldfastCore
import HoldfastLinux

/// Why the guard did not start.
package struct GuardFailure: OperatorFacing, Equatable {
    package var what: String
    package var why: String
    package var next: String
    package var exitStatus: ExitStatusCode

    package init(_ what: String, why: String, next: String, _ exitStatus: ExitStatusCode) {
        self.what = what
        self.why = why
        self.next = next
        self.exitStatus = exitStatus
    }

    static func usage(_ what: String, why: String) -> GuardFailure {
        GuardFailure(what, why: why, next: "see holdfast-guard --help", .usage)
    }

    static func system(_ what: String, _ failure: SystemCallFailure) -> GuardFailure {
        GuardFailure(
            what, why: "\(failure.call): \(failure.why)", next: failure.next, failure.exitStatus)
    }
}
