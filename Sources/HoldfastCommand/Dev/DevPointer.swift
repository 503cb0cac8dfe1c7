internal import Glibc
internal import HoldfastCore

/// The file by which commands find the development cluster of their user.
///
/// It holds the cluster's directory. Only a folder that belongs to us and that nobody else may
/// write is trusted: /tmp is everybody's.
package enum DevPointer {
    private static let pathBytes = 4096

    /// Sockets of the hosts of the current development cluster, in the order of its hosts.
    package static func sockets() -> [String] {
        Self.sockets(pointers: Self.folders().map { $0 + "/current" })
    }

    package static func sockets(pointers: [String]) -> [String] {
        for pointer in pointers {
            guard let directory = Self.read(pointer) else { continue }
            return (1...Limits.voterCount).map { "\(directory)/h\($0)/holdfast.sock" }
        }
        return []
    }

    /// Makes `directory` the current one; returns where that was written, `nil` if nowhere.
    static func set(_ directory: String) -> String? {
        for folder in Self.folders() {
            mkdir(folder, 0o700)
            guard Self.isOurs(folder) else { continue }
            let (pointer, draft) = (folder + "/current", folder + "/.new.\(getpid())")
            let file = open(draft, O_WRONLY | O_CREAT | O_TRUNC | O_NOFOLLOW | O_CLOEXEC, 0o600)
            guard file >= 0 else { continue }
            let bytes = Array((directory + "\n").utf8)
            let isWritten = write(file, bytes, bytes.count) == bytes.count
            close(file)
            if isWritten, rename(draft, pointer) == 0 { return pointer }
            unlink(draft)
        }
        return nil
    }

    /// Removes the pointer if it still names `directory`.
    static func clear(_ pointer: String, _ directory: String) {
        if Self.read(pointer) == directory { unlink(pointer) }
    }

    private static func folders() -> [String] {
        let runtime = getenv("XDG_RUNTIME_DIR").map { String(cString: $0) } ?? ""
        let own = runtime.hasPrefix("/") ? ["\(runtime)/holdfast-dev"] : []
        return own + ["/tmp/holdfast-dev-\(getuid())"]
    }

    private static func isOurs(_ folder: String) -> Bool {
        var status = stat()
        return lstat(folder, &status) == 0 && status.st_mode & S_IFMT == S_IFDIR
            && status.st_uid == getuid() && status.st_mode & 0o022 == 0
    }

    private static func read(_ pointer: String) -> String? {
        let folder = pointer.split(separator: "/").dropLast().joined(separator: "/")
        guard Self.isOurs("/" + folder) else { return nil }
        let file = open(pointer, O_RDONLY | O_NOFOLLOW | O_CLOEXEC)
        guard file >= 0 else { return nil }
        defer { close(file) }
        var buffer = [UInt8](repeating: 0, count: Self.pathBytes)
        let count = Glibc.read(file, &buffer, buffer.count)
        let text = String(decoding: buffer.prefix(max(0, count)), as: UTF8.self)
        let directory = text.hasSuffix("\n") ? String(text.dropLast()) : ""
        return directory.hasPrefix("/") ? directory : nil
    }
}
