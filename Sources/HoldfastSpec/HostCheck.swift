internal import Glibc
internal import HoldfastCore
internal import HoldfastJobs

/// What this machine says to the jobs of a file: users, groups, programs and directories.
package enum HostCheck {
    /// Looks up what the jobs name; nothing is started and nothing is changed.
    ///
    /// A job may be meant for another host, so the caller decides whether these are mistakes.
    ///
    /// - Returns: In the order of the file, each once.
    package static func checkOnThisHost(_ file: JobsFile) -> [Problem] {
        var diagnosis = Diagnosis(file: file.file)
        for job in file.jobs {
            Self.checkAccounts(job, &diagnosis)
            if let directory = job.spec.directory, let message = Self.complaint(about: directory) {
                diagnosis.report(
                    job.place(.directory), "directory \(quoted(directory, atMost: 300)) \(message)")
            }
            let program = job.spec.command[0]
            if let message = CommandLookup.complaint(about: program) {
                diagnosis.report(
                    job.place(.command), "command \(quoted(program, atMost: 300)) \(message)")
            }
        }
        return diagnosis.problems()
    }

    private static func checkAccounts(
        _ job: JobsFile.Declaration, _ diagnosis: inout Diagnosis
    ) {
        if let user = job.spec.user, UInt32(user) == nil, !Self.userExists(user) {
            diagnosis.report(job.place(.user), "user \(quoted(user)) does not exist on this host")
        }
        if let group = job.spec.group, UInt32(group) == nil, !Self.groupExists(group) {
            diagnosis.report(
                job.place(.group), "group \(quoted(group)) does not exist on this host")
        }
    }

    /// An entry too long for the buffer is an entry.
    private static func userExists(_ name: String) -> Bool {
        withUnsafeTemporaryAllocation(of: CChar.self, capacity: 65_536) { buffer in
            guard let start = buffer.baseAddress else { return false }
            var record = passwd()
            var found: UnsafeMutablePointer<passwd>?
            let result = getpwnam_r(name, &record, start, buffer.count, &found)
            return found != nil || result == ERANGE
        }
    }

    private static func groupExists(_ name: String) -> Bool {
        withUnsafeTemporaryAllocation(of: CChar.self, capacity: 65_536) { buffer in
            guard let start = buffer.baseAddress else { return false }
            var record = group()
            var found: UnsafeMutablePointer<group>?
            let result = getgrnam_r(name, &record, start, buffer.count, &found)
            return found != nil || result == ERANGE
        }
    }

    private static func complaint(about directory: String) -> String? {
        var status = stat()
        guard stat(directory, &status) == 0 else {
            return errno == ENOENT || errno == ENOTDIR
                ? "does not exist on this host"
                : "cannot be looked at: \(String(cString: strerror(errno)))"
        }
        return status.st_mode & S_IFMT == S_IFDIR ? nil : "is not a directory"
    }
}

extension JobsFile.Declaration {
    fileprivate func place(_ field: JobField) -> SourcePosition {
        self.places[field] ?? (field == .command ? self.places[.shell] : nil) ?? self.position
    }
}
