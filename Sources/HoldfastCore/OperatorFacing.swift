/// A failure that an operator will read, without the source at hand.
///
/// Three answers: what did not happen, why, and what to do now.
package protocol OperatorFacing: Error, CustomStringConvertible {
    /// What did not happen, without a full stop: "cannot open the store at data/store.db".
    var what: String { get }
    /// The cause, as the machine reported it: "the disk is full".
    var why: String { get }
    /// One thing to do next, beginning with a verb: "free some space, then start again".
    var next: String { get }
    var exitStatus: ExitStatusCode { get }
}

extension OperatorFacing {
    package var description: String { "\(self.what); \(self.why); \(self.next)" }
}

/// What our commands exit with: the numbers of sysexits.h where it has one.
package enum ExitStatusCode: Int32, Sendable, CaseIterable {
    case success = 0
    /// The command worked, and the answer is no.
    case negative = 1
    /// `whereis`: the key is declared but does not run.
    case notRunning = 3
    /// `whereis` and others: nobody declared this key.
    case unknownKey = 4
    /// EX_USAGE: the command line is wrong.
    case usage = 64
    /// EX_DATAERR: the file given is wrong.
    case badData = 65
    /// EX_NOUSER: a user or group does not exist.
    case noUser = 67
    /// EX_UNAVAILABLE: no quorum, or the agent cannot be reached.
    case unavailable = 69
    /// EX_SOFTWARE: a defect of ours.
    case software = 70
    /// EX_OSERR: the system refused something.
    case system = 71
    /// EX_CANTCREAT: a file or directory cannot be made.
    case cannotCreate = 73
    /// EX_IOERR: reading or writing failed, or what was held was lost.
    case inputOutput = 74
    /// EX_TEMPFAIL: try again: busy, or the outcome is unknown.
    case temporary = 75
    /// EX_NOPERM: not permitted.
    case notPermitted = 77
    /// EX_CONFIG: a configuration file is wrong.
    case configuration = 78
}
