import CHoldfastLinux
import Glibc

/// One control group (version 2), by an open directory: it cannot come to mean another.
///
/// `kill`, `setFrozen`, `signal` and `state` allocate nothing.
package final class ControlGroup {
    package struct State: OptionSet, Sendable {
        package let rawValue: Int32

        package init(rawValue: Int32) { self.rawValue = rawValue }

        package static let populated = State(rawValue: Int32(HOLDFAST_POPULATED))
        package static let frozen = State(rawValue: Int32(HOLDFAST_FROZEN))
    }

    package let directory: Int32
    /// cgroup.events, open; a poller that waits for urgent news of it is told of changes.
    package let events: Int32

    private init(directory: Int32, events: Int32) {
        self.directory = directory
        self.events = events
    }

    /// Takes over the directory of a group that an earlier image of this process had open.
    ///
    /// - Throws: EBADF or EINVAL: it is not such a directory.
    package static func inherit(_ directory: Int32) throws(SystemCallFailure) -> ControlGroup {
        guard holdfast_is_cgroup2("/proc/self/fd/\(directory)") else {
            throw SystemCallFailure(call: "statfs", errorNumber: EINVAL)
        }
        try InheritedDescriptor.adopt(directory)
        return ControlGroup(
            directory: directory, events: max(-1, holdfast_open_read(directory, "cgroup.events")))
    }

    package static func open(_ path: String) throws(SystemCallFailure) -> ControlGroup {
        try Self.open(at: AT_FDCWD, path)
    }

    /// Whether a directory is a control group of version 2.
    package static func isOne(_ path: String) -> Bool { path.withCString(holdfast_is_cgroup2) }

    /// Opens the child `name`.
    package func open(_ name: String) throws(SystemCallFailure) -> ControlGroup {
        try Self.open(at: self.directory, name)
    }

    private static func open(
        at parent: Int32, _ name: String
    ) throws(SystemCallFailure) -> ControlGroup {
        let directory = try SystemCallFailure.check(
            "openat", holdfast_open_directory(parent, name))
        // The root has no cgroup.events.
        let events = holdfast_open_read(directory, "cgroup.events")
        return ControlGroup(directory: directory, events: max(-1, events))
    }

    /// Makes the child `name`.
    ///
    /// EEXIST when there is one.
    package func make(_ name: String) throws(SystemCallFailure) {
        try SystemCallFailure.check("mkdirat", holdfast_make_directory(self.directory, name))
    }

    /// Removes the child `name` and everything below it.
    ///
    /// EBUSY while a process is in it.
    package func remove(_ name: String) throws(SystemCallFailure) {
        let result = holdfast_remove_directory(self.directory, name)
        guard result == -EBUSY || result == -ENOTEMPTY else {
            try SystemCallFailure.check("rmdir", result)
            return
        }
        // A child with rights of its own may have divided its group.
        let child = try self.open(name)
        for grandchild in child.children() { try child.remove(grandchild) }
        try SystemCallFailure.check("rmdir", holdfast_remove_directory(self.directory, name))
    }

    /// Names of the groups directly below, at most some thousands at a time.
    package func children() -> [String] {
        guard holdfast_rewind(self.directory) >= 0 else { return [] }
        var names: [String] = []
        let size = 32_768
        let buffer = UnsafeMutableRawPointer.allocate(byteCount: size, alignment: 8)
        defer { buffer.deallocate() }
        while names.count < 100_000 {
            let filled = holdfast_list(self.directory, buffer, size)
            guard filled > 0 else { break }
            var offset = 0
            while offset < filled {
                let entry = buffer + offset
                let name = String(cString: holdfast_entry_name(entry))
                // Everything in a group but its files is a group, and no file lacks a full stop.
                if name != ".", name != "..", Self.isDirectory(self.directory, name) {
                    names.append(name)
                }
                offset += holdfast_entry_size(entry)
            }
        }
        return names.sorted()
    }

    private static func isDirectory(_ parent: Int32, _ name: String) -> Bool {
        var status = stat()
        return fstatat(parent, name, &status, AT_SYMLINK_NOFOLLOW) == 0
            && status.st_mode & S_IFMT == S_IFDIR
    }

    /// Moves the calling process into it.
    package func enter() throws(SystemCallFailure) {
        try SystemCallFailure.check(
            "write", holdfast_write_file(self.directory, "cgroup.procs", "0"))
    }

    /// A descriptor through which a child may move itself here.
    package func openProcesses() throws(SystemCallFailure) -> OwnedDescriptor {
        OwnedDescriptor(
            try SystemCallFailure.check(
                "openat", holdfast_open_write(self.directory, "cgroup.procs")))
    }

    /// Takes it for the caller's life.
    ///
    /// EWOULDBLOCK when another process has it.
    package func lock() throws(SystemCallFailure) {
        try SystemCallFailure.check("flock", holdfast_lock(self.directory))
    }

    /// SIGKILL for everything in it and below.
    package func kill() throws(SystemCallFailure) {
        try SystemCallFailure.check("write", holdfast_cgroup_kill(self.directory))
    }

    package func setFrozen(_ isFrozen: Bool) throws(SystemCallFailure) {
        try SystemCallFailure.check(
            "write", holdfast_cgroup_set_frozen(self.directory, isFrozen))
    }

    /// Sends a signal to each process directly in it, as listed at one moment.
    package func signal(_ number: Int32) {
        _ = holdfast_cgroup_signal(self.directory, number)
    }

    /// What is true of it now; `nil` when it cannot be told, which must not count as empty.
    package var state: State? {
        let bits = holdfast_cgroup_state(self.events)
        return bits >= 0 ? State(rawValue: bits) : nil
    }

    package var hasOutOfMemoryKills: Bool { holdfast_cgroup_oom_kills(self.directory) > 0 }

    deinit {
        close(self.directory)
        if self.events >= 0 { close(self.events) }
    }
}
