internal import Glibc
package import HoldfastCore

/// Reads a file that a user wrote, within bounds.
package enum TextFile {
    /// All bytes of a file, pipe or terminal; one more than `Limits.specFileBytes` at most, by
    /// which a reader notices that there were too many.
    ///
    /// - Throws: `UnreadableFile` with the system's reason.
    package static func read(_ path: String) throws(UnreadableFile) -> [UInt8] {
        let file = open(path, O_RDONLY | O_CLOEXEC)
        guard file >= 0 else { throw UnreadableFile(path: path, errorNumber: errno) }
        defer { close(file) }
        let limit = Limits.specFileBytes + 1
        var bytes: [UInt8] = []
        var chunk = [UInt8](repeating: 0, count: 64 * 1024)
        while bytes.count < limit {
            let wanted = min(chunk.count, limit - bytes.count)
            let count = Glibc.read(file, &chunk, wanted)
            if count == 0 { break }
            guard count > 0 else {
                if errno == EINTR { continue }
                throw UnreadableFile(path: path, errorNumber: errno)
            }
            bytes += chunk[..<count]
        }
        return bytes
    }
}

/// A file that the system would not give us.
package struct UnreadableFile: OperatorFacing, Equatable {
    package var path: String
    package var errorNumber: Int32

    package var what: String { "cannot read \(quoted(self.path, atMost: 300))" }
    package var why: String { String(cString: strerror(self.errorNumber)) }
    package var next: String { "check the path and who may read it" }
    package var exitStatus: ExitStatusCode {
        self.errorNumber == EACCES ? .notPermitted : .inputOutput
    }
}
