internal import Glibc
internal import HoldfastCore
internal import HoldfastSpec

/// A file named on the command line, read whole within its bound.
enum InputFile {
    /// The name for messages.
    static func name(_ path: String) -> String { path == "-" ? "(standard input)" : path }

    /// One byte more than a jobs file may have is read, so that its reader can refuse it.
    static func read(_ path: String) throws(CommandFailure) -> [UInt8] {
        let descriptor = path == "-" ? STDIN_FILENO : open(path, O_RDONLY | O_CLOEXEC)
        guard descriptor >= 0 else { throw Self.failure(path) }
        defer { if descriptor != STDIN_FILENO { close(descriptor) } }
        var bytes: [UInt8] = []
        var buffer = [UInt8](repeating: 0, count: 65_536)
        while bytes.count <= Limits.specFileBytes {
            let count = Glibc.read(descriptor, &buffer, buffer.count)
            if count < 0, errno == EINTR { continue }
            guard count >= 0 else { throw Self.failure(path) }
            if count == 0 { break }
            bytes += buffer.prefix(count)
        }
        return bytes
    }

    private static func failure(_ path: String) -> CommandFailure {
        .system(
            "cannot read \(Self.name(path))", next: "name a file that is there and readable",
            exitStatus: .badData)
    }
}
