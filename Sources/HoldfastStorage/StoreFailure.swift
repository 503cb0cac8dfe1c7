internal import Glibc
package import HoldfastCore

/// Why the store cannot be opened, or why it must not be used any longer.
///
/// Whoever meets one ends the process (D2): after a failed write nobody knows what the disk holds,
/// and memory may be ahead of it.
package enum StoreFailure: OperatorFacing, Hashable {
    /// A system call that opening a data directory depends on.
    package enum Step: String, Hashable, Sendable {
        case createDirectory = "create the data directory"
        case openDirectory = "open the data directory"
        case lockDirectory = "lock the data directory"
        case syncDirectory = "make durable the data directory"
        case openStore = "open the store"
        case writeStore = "write to the store"
        case startThread = "start the thread that writes to the store"
    }

    case refused(Step, path: String, errorNumber: Int32)
    /// Another process has the directory; its number, when the lock file tells.
    case inUse(directory: String, process: Int32?)
    case otherHost(directory: String, recorded: String, configured: HostName)
    /// The file is not the one that was formatted, only has the same content (M4).
    case copied(directory: String)
    /// The write-ahead log is gone, and with it what it held.
    case logMissing(directory: String)
    case unknownFormat(path: String, found: Int64)
    case notAStore(path: String)
    case damaged(path: String, detail: String)
    case full(path: String)
    case inputOutput(path: String, detail: String)
    /// SQLite did not take a setting on which durability rests (D1).
    case settingIgnored(path: String, setting: String, found: String)

    package var what: String {
        switch self {
        case .refused(let step, let path, _): "cannot \(step.rawValue) \(path)"
        case .inUse(let directory, _), .otherHost(let directory, _, _), .copied(let directory),
            .logMissing(let directory):
            "cannot use the data directory \(directory)"
        case .unknownFormat(let path, _), .notAStore(let path), .settingIgnored(let path, _, _):
            "cannot use the store \(path)"
        case .damaged(let path, _): "cannot trust the store \(path)"
        case .full(let path), .inputOutput(let path, _): "cannot write to or read the store \(path)"
        }
    }

    package var why: String {
        switch self {
        case .refused(_, _, let errorNumber): Self.text(of: errorNumber)
        case .inUse(_, let process?): "data directory in use by process \(process)"
        case .inUse(_, nil): "data directory in use by another process"
        case .otherHost(_, let recorded, let configured):
            "it belongs to host \(recorded), and this host is \(configured)"
        case .copied: "it is a copy or was restored: its store is not the file that was formatted"
        case .logMissing: "store.db-wal is missing or empty, and with it the latest writes"
        case .unknownFormat(_, let found):
            "it has format version \(found), and this program knows \(AcceptorStore.formatVersion)"
        case .notAStore: "it is not a store of holdfast"
        case .damaged(_, let detail), .inputOutput(_, let detail): detail
        case .full: "the disk, the quota or the file size limit is exhausted"
        case .settingIgnored(_, let setting, let found):
            "SQLite did not take \(setting) and says \(found)"
        }
    }

    package var next: String {
        switch self {
        case .refused(let step, _, _) where step == .startThread:
            "raise the limit of processes of this user, then start again"
        case .refused(_, _, let errorNumber) where Self.meansFull(errorNumber):
            "free some space, then start again"
        case .refused: "let the user that runs holdfastd write there, then start again"
        case .inUse: "stop that process, or give each host a data directory of its own"
        case .otherHost: "give each host a data directory of its own"
        case .copied, .logMissing, .damaged:
            "remove this host from the cluster, move the directory away and let the host join anew"
        case .unknownFormat: "run the version of holdfastd that wrote it"
        case .notAStore: "name another data directory, or move that file away"
        case .full: "free some space, then start again"
        case .inputOutput: "check the disk and the kernel log, then start again"
        case .settingIgnored: "install the SQLite library of your distribution"
        }
    }

    package var exitStatus: ExitStatusCode {
        switch self {
        case .refused(let step, _, let errorNumber):
            switch errorNumber {
            case EACCES, EPERM, EROFS: .notPermitted
            case EIO: .inputOutput
            case _ where Self.meansFull(errorNumber): .inputOutput
            case _ where step == .createDirectory: .cannotCreate
            default: .system
            }
        case .inUse: .temporary
        case .otherHost, .copied: .configuration
        case .unknownFormat, .notAStore: .badData
        case .logMissing, .damaged, .full, .inputOutput: .inputOutput
        case .settingIgnored: .software
        }
    }

    static func meansFull(_ errorNumber: Int32) -> Bool {
        [ENOSPC, EDQUOT, EFBIG].contains(errorNumber)
    }

    private static func text(of errorNumber: Int32) -> String {
        // glibc keeps the text of an unknown number per thread since 2.32.
        let text = String(cString: strerror(errorNumber))
        return text.prefix(1).lowercased() + text.dropFirst()
    }
}
