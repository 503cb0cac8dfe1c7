import Foundation
import Testing

/// A Swift file of this repository, line by line.
struct SourceFile {
    let path: String
    let lines: [(number: Int, text: Substring)]

    /// Lines that are no comments.
    var code: [(number: Int, text: Substring)] {
        self.lines.filter { !$0.text.drop(while: { $0 == " " }).hasPrefix("//") }
    }

    var imports: [(number: Int, name: String)] {
        self.code.compactMap { number, line in
            guard
                let name = line.firstMatch(
                    of: /^(?:@\w+ )*(?:\w+ )?import (?:struct |enum |class |func )?(\w+)/)?.1
            else { return nil }
            return (number, String(name))
        }
    }

    private static var root: URL {
        URL(filePath: #filePath).deletingLastPathComponent().appending(path: "../..")
            .standardizedFileURL
    }

    /// Every Swift file under a folder; none where the folder is not there (yet).
    static func all(in folder: String) throws -> [SourceFile] {
        let start = Self.root.appending(path: folder)
        guard FileManager.default.fileExists(atPath: start.path) else { return [] }
        let files = FileManager.default.enumerator(at: start, includingPropertiesForKeys: nil)
        let found = (files?.compactMap { $0 as? URL } ?? [])
            .filter { $0.pathExtension == "swift" }
            .sorted { $0.path < $1.path }
        try #require(!found.isEmpty, "no sources under \(start.path)")
        return try found.map { url in
            let text = try String(contentsOf: url, encoding: .utf8)
            let lines = text.split(separator: "\n", omittingEmptySubsequences: false)
            return SourceFile(
                path: url.path, lines: lines.enumerated().map { ($0.offset + 1, $0.element) })
        }
    }
}
