internal import Glibc

/// Finds programs as the guard does: by absolute path, or by name in a fixed list of directories.
package enum CommandLookup {
    /// The same on every host and for every user, so that one spec means one program.
    package static let path = [
        "/usr/local/sbin", "/usr/local/bin", "/usr/sbin", "/usr/bin", "/sbin", "/bin",
    ]

    /// The first executable file of that name; an absolute path stands for itself.
    package static func resolve(_ program: String) -> String? {
        if program.hasPrefix("/") { return Self.state(of: program) == .executable ? program : nil }
        guard !program.isEmpty, !program.contains("/") else { return nil }
        return Self.path.map { "\($0)/\(program)" }.first { Self.state(of: $0) == .executable }
    }

    /// Why a program cannot be run here; completes a sentence that begins with its name.
    static func complaint(about program: String) -> String? {
        guard Self.resolve(program) == nil else { return nil }
        guard program.hasPrefix("/") else {
            return "is not found in \(Self.path.joined(separator: ":"))"
        }
        switch Self.state(of: program) {
        case .executable: return nil
        case .missing: return "does not exist on this host"
        case .notExecutable: return "is not executable"
        case .notAFile: return "is not a file"
        case .unreadable(let number):
            return "cannot be looked at: \(String(cString: strerror(number)))"
        }
    }

    private enum State: Equatable {
        case executable, missing, notExecutable, notAFile
        case unreadable(CInt)
    }

    private static func state(of path: String) -> State {
        var status = stat()
        guard stat(path, &status) == 0 else {
            return errno == ENOENT || errno == ENOTDIR ? .missing : .unreadable(errno)
        }
        guard status.st_mode & S_IFMT == S_IFREG else { return .notAFile }
        // The job's user is another than ours, perhaps: any of the three bits may be the one.
        return status.st_mode & 0o111 == 0 ? .notExecutable : .executable
    }
}
