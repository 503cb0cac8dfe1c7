internal import Glibc
package import HoldfastCore

/// Why a command could not do what it was asked, for causes of its own.
package struct CommandFailure: OperatorFacing, Hashable {
    package var what: String
    package var why: String
    package var next: String
    package var exitStatus: ExitStatusCode

    package init(what: String, why: String, next: String, exitStatus: ExitStatusCode) {
        self.what = what
        self.why = why
        self.next = next
        self.exitStatus = exitStatus
    }

    /// A system call that failed; reads `errno`.
    static func system(
        _ what: String, next: String, exitStatus: ExitStatusCode
    ) -> CommandFailure {
        CommandFailure(
            what: what, why: String(cString: strerror(errno)), next: next, exitStatus: exitStatus)
    }
}
