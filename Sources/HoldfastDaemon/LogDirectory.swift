import Glibc
import HoldfastCore

/// The folder of the jobs' output.
enum LogDirectory {
    static func make(_ path: String) throws(LogDirectoryFailure) {
        if mkdir(path, 0o750) == 0 || errno == EEXIST {
            guard access(path, W_OK | X_OK) == 0 else {
                throw LogDirectoryFailure(path: path, errorNumber: errno)
            }
            return
        }
        throw LogDirectoryFailure(path: path, errorNumber: errno)
    }
}

struct LogDirectoryFailure: OperatorFacing, Hashable {
    let path: String
    let errorNumber: Int32

    var what: String { "cannot use the log directory \(self.path)" }
    var why: String { SystemError.text(self.errorNumber) }
    var next: String { "make it writable for this user, or name another as 'logs' in the file" }
    var exitStatus: ExitStatusCode { .cannotCreate }
}
