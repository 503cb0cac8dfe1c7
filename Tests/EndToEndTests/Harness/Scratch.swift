import Foundation
import Glibc

/// A directory of a test's own, with a short path, as sockets need one; removed with it.
final class Scratch {
    let path: String

    init() throws {
        var template = Array("/tmp/hf-e2e.XXXXXX".utf8CString)
        guard mkdtemp(&template) != nil else { throw Trouble("cannot make a directory in /tmp") }
        self.path = String(
            decoding: template.dropLast().map { UInt8(bitPattern: $0) }, as: UTF8.self)
        // Children of other users write here too.
        chmod(self.path, 0o755)
    }

    func remove() {
        try? FileManager.default.removeItem(atPath: self.path)
    }
}

/// Whole files of a test.
enum TestFile {
    static func write(_ text: String, to path: String) throws {
        do {
            try Data(text.utf8).write(to: URL(filePath: path))
        } catch {
            throw Trouble("cannot write \(path): \(error)")
        }
    }

    /// The text of a file, those of /proc included; empty when there is none.
    static func read(_ path: String) -> String {
        let file = open(path, O_RDONLY | O_CLOEXEC)
        guard file >= 0 else { return "" }
        defer { close(file) }
        var bytes: [UInt8] = []
        var part = [UInt8](repeating: 0, count: 65_536)
        while true {
            let count = Glibc.read(file, &part, part.count)
            guard count > 0 else { break }
            bytes += part[..<count]
        }
        return String(decoding: bytes, as: UTF8.self)
    }

    /// Writes until the disk is full.
    static func fill(_ path: String) throws {
        let file = open(path, O_WRONLY | O_CREAT | O_CLOEXEC, 0o600)
        guard file >= 0 else { throw Trouble("cannot write \(path)") }
        defer { close(file) }
        for size in [4096, 1] {
            let part = [UInt8](repeating: 0, count: size)
            while Glibc.write(file, part, size) == size {}
        }
    }

    static func size(_ path: String) -> Int {
        var status = stat()
        return stat(path, &status) == 0 ? Int(status.st_size) : 0
    }

    static func exists(_ path: String) -> Bool { access(path, F_OK) == 0 }
}
