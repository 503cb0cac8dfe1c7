import Glibc
import HoldfastCore

/// Reads the host's configuration file.
enum ConfigurationFile {
    private static let limit = 1024 * 1024

    static func read(_ path: String) throws(ConfigurationFileFailure) -> [UInt8] {
        let file = open(path, O_RDONLY | O_CLOEXEC)
        guard file >= 0 else { throw ConfigurationFileFailure(path: path, errorNumber: errno) }
        defer { close(file) }
        var bytes = [UInt8](repeating: 0, count: Self.limit + 1)
        var count = 0
        while count < bytes.count {
            let got = bytes.withUnsafeMutableBytes {
                Glibc.read(file, $0.baseAddress?.advanced(by: count), $0.count - count)
            }
            if got < 0, errno == EINTR { continue }
            guard got >= 0 else { throw ConfigurationFileFailure(path: path, errorNumber: errno) }
            if got == 0 { break }
            count += got
        }
        guard count <= Self.limit else {
            throw ConfigurationFileFailure(path: path, errorNumber: EFBIG)
        }
        return Array(bytes.prefix(count))
    }
}

struct ConfigurationFileFailure: OperatorFacing, Hashable {
    let path: String
    let errorNumber: Int32

    var what: String { "cannot read the configuration \(self.path)" }
    var why: String { SystemError.text(self.errorNumber) }
    var next: String { "name an existing, readable file with --config" }
    var exitStatus: ExitStatusCode { .configuration }
}
