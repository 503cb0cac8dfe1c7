import Glibc

/// The executables under test: those of the build that this test belongs to.
enum Programs {
    /// Where the test itself stands.
    static let folder: String = {
        var bytes = [CChar](repeating: 0, count: 4096)
        let count = max(0, readlink("/proc/self/exe", &bytes, bytes.count))
        let path = String(
            decoding: bytes.prefix(count).map { UInt8(bitPattern: $0) }, as: UTF8.self)
        return path.lastIndex(of: "/").map { String(path[..<$0]) } ?? "."
    }()

    static var agent: String { self.folder + "/holdfastd" }
    static var guardProgram: String { self.folder + "/holdfast-guard" }
    static var command: String { self.folder + "/holdfast" }
    static var witness: String { self.folder + "/holdfast-witness" }
}
