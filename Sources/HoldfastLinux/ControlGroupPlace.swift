import Glibc

/// Where this process stands among the control groups of version 2, as a directory.
///
/// Hybrid hosts mount version 2 beside version 1; so nothing is assumed about mount points.
package enum ControlGroupPlace {
    /// The directory of the present process; `nil` where no cgroup v2 is mounted, or ours is
    /// outside of what is.
    package static func find() -> String? {
        Self.find(processID: nil)
    }

    /// The same for another process; `nil` also when it is gone.
    package static func find(processID: Int32?) -> String? {
        let process = processID.map { number in "\(number)" } ?? "self"
        guard let mounts = Self.read("/proc/self/mountinfo"),
            let groups = Self.read("/proc/\(process)/cgroup")
        else { return nil }
        return Self.find(mounts: mounts, groups: groups)
    }

    /// Finds it in the texts of /proc/self/mountinfo and /proc/PID/cgroup.
    package static func find(mounts: String, groups: String) -> String? {
        guard let path = Self.path(in: groups) else { return nil }
        for line in mounts.split(separator: "\n") {
            let fields = line.split(separator: " ")
            guard let dash = fields.firstIndex(of: "-"), dash >= 6, fields.count > dash + 1,
                fields[dash + 1] == "cgroup2"
            else { continue }
            let root = Self.unescape(fields[3])
            let point = Self.unescape(fields[4])
            if let below = Self.relative(path, to: root) { return point + below }
        }
        return nil
    }

    /// The path of the line `0::/…`.
    private static func path(in groups: String) -> String? {
        for line in groups.split(separator: "\n") where line.hasPrefix("0::/") {
            // A removed group is shown with this suffix.
            let path = line.dropFirst(3)
            return path.hasSuffix(" (deleted)") ? nil : String(path)
        }
        return nil
    }

    /// What follows `root` in `path`: empty, or beginning with a slash.
    private static func relative(_ path: String, to root: String) -> String? {
        if root == "/" { return path == "/" ? "" : path }
        if path == root { return "" }
        return path.hasPrefix(root + "/") ? String(path.dropFirst(root.count)) : nil
    }

    /// Undoes the octal escapes of mountinfo: space, tab, line feed, backslash.
    private static func unescape(_ field: Substring) -> String {
        var bytes: [UInt8] = []
        var rest = Array(field.utf8)[...]
        while let byte = rest.popFirst() {
            if byte == UInt8(ascii: "\\"), rest.count >= 3,
                let code = UInt8(String(decoding: rest.prefix(3), as: UTF8.self), radix: 8)
            {
                bytes.append(code)
                rest = rest.dropFirst(3)
            } else {
                bytes.append(byte)
            }
        }
        return String(decoding: bytes, as: UTF8.self)
    }

    private static func read(_ path: String) -> String? {
        let file = open(path, O_RDONLY | O_CLOEXEC)
        guard file >= 0 else { return nil }
        defer { close(file) }
        var bytes: [UInt8] = []
        var part = [UInt8](repeating: 0, count: 16_384)
        while bytes.count < 4 * 1024 * 1024 {
            let count = Glibc.read(file, &part, part.count)
            guard count > 0 else { break }
            bytes += part[..<count]
        }
        return String(decoding: bytes, as: UTF8.self)
    }
}
