internal import Glibc

/// The place in the file system where a server listens.
enum APISocket {
    /// Removes a socket that nobody listens on.
    ///
    /// - Throws: `APIListenFailure` if somebody listens there, or if it is no socket.
    static func makeRoom(at path: String) throws(APIListenFailure) {
        var status = stat()
        guard lstat(path, &status) == 0 else {
            if errno == ENOENT { return }
            throw APIListenFailure(path: path, errorNumber: errno)
        }
        guard status.st_mode & S_IFMT == S_IFSOCK else {
            throw APIListenFailure(path: path, why: "something that is not a socket is there")
        }
        guard try !Self.isAlive(at: path) else {
            throw APIListenFailure(path: path, why: "another agent listens there")
        }
        guard unlink(path) == 0 || errno == ENOENT else {
            throw APIListenFailure(path: path, errorNumber: errno)
        }
    }

    private static func isAlive(at path: String) throws(APIListenFailure) -> Bool {
        var address = sockaddr_un()
        address.sun_family = sa_family_t(AF_UNIX)
        let room = MemoryLayout.size(ofValue: address.sun_path)
        guard path.utf8.count < room else {
            throw APIListenFailure(path: path, why: "a socket's path has at most \(room - 1) bytes")
        }
        withUnsafeMutableBytes(of: &address.sun_path) { $0.copyBytes(from: path.utf8) }
        let descriptor = socket(AF_UNIX, CInt(SOCK_STREAM.rawValue | SOCK_CLOEXEC.rawValue), 0)
        guard descriptor >= 0 else { throw APIListenFailure(path: path, errorNumber: errno) }
        defer { close(descriptor) }
        let size = socklen_t(MemoryLayout<sockaddr_un>.size)
        let result = withUnsafePointer(to: &address) {
            $0.withMemoryRebound(to: sockaddr.self, capacity: 1) { connect(descriptor, $0, size) }
        }
        return result == 0 || (errno != ECONNREFUSED && errno != ENOENT)
    }
}
