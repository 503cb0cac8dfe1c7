import Glibc

/// The executables that are measured: those of the build that the benchmark belongs to.
enum Programs {
    static let folder: String = {
        guard let path = realpath("/proc/self/exe", nil) else { return "." }
        defer { free(path) }
        let own = String(cString: path)
        return own.lastIndex(of: "/").map { String(own[..<$0]) } ?? "."
    }()

    static var command: String { self.folder + "/holdfast" }
    static var agent: String { self.folder + "/holdfastd" }
    static var guardProgram: String { self.folder + "/holdfast-guard" }

    static func megabytes(_ path: String) throws(Trouble) -> Double {
        var status = stat()
        guard stat(path, &status) == 0 else { throw .system("find \(path)") }
        return Double(status.st_size) / 1e6
    }
}
