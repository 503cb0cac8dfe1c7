import Glibc
import HoldfastLinux

/// The control groups of one guard, seen from outside.
struct ControlGroups {
    let path: String

    /// By the guard's name; `nil` where there are no control groups of version 2.
    init?(of name: String) {
        guard let place = ControlGroupPlace.find() else { return nil }
        self.path = place + "/" + name
    }

    var exists: Bool { TestFile.exists(self.path) }

    /// The processes of all children.
    var processes: [Int32] {
        Self.folders(self.path + "/runs").flatMap { nest in
            Self.processes(self.path + "/runs/" + nest)
        }
    }

    /// How many children the guard has a place for.
    var nestCount: Int { Self.folders(self.path + "/runs").count }

    /// Kills and removes everything, the guard's own place included.
    func clear() {
        guard self.exists else { return }
        for nest in Self.folders(self.path + "/runs") { Self.kill(self.path + "/runs/" + nest) }
        for folder in Self.folders(self.path) where folder != "runs" {
            Self.kill(self.path + "/" + folder)
        }
        for _ in 0..<200 {
            for nest in Self.folders(self.path + "/runs") {
                Self.remove(self.path + "/runs/" + nest)
            }
            for folder in Self.folders(self.path) { Self.remove(self.path + "/" + folder) }
            if Self.remove(self.path) || !self.exists { return }
            Instant.pause(0.01)
        }
    }

    private static func kill(_ group: String) {
        let file = open(group + "/cgroup.kill", O_WRONLY | O_CLOEXEC)
        if file >= 0 {
            write(file, "1", 1)
            close(file)
        } else {
            for number in Self.processes(group) { Glibc.kill(number, SIGKILL) }
        }
    }

    @discardableResult
    private static func remove(_ group: String) -> Bool { rmdir(group) == 0 }

    private static func processes(_ group: String) -> [Int32] {
        TestFile.read(group + "/cgroup.procs").split(separator: "\n").compactMap { Int32($0) }
    }

    private static func folders(_ path: String) -> [String] {
        guard let folder = opendir(path) else { return [] }
        defer { closedir(folder) }
        var names: [String] = []
        while let entry = readdir(folder) {
            let name = withUnsafeBytes(of: entry.pointee.d_name) { bytes in
                String(decoding: bytes.prefix { $0 != 0 }, as: UTF8.self)
            }
            if entry.pointee.d_type == UInt8(DT_DIR), name != ".", name != ".." {
                names.append(name)
            }
        }
        return names.sorted()
    }
}
