import HoldfastCore
import HoldfastJobs
import HoldfastSpec
import Testing

/// What a jobs file is refused with, line by line; empty when it is taken.
func mistakes(_ text: String) -> [String] {
    mistakes(bytes: Array(text.utf8))
}

func mistakes(bytes: [UInt8]) -> [String] {
    do throws(InvalidFile) {
        _ = try JobsFile.read(bytes: bytes, file: "f")
        return []
    } catch {
        return error.problems.map(\.description)
    }
}

/// A file with one job `a`, whose body is `lines`, indented by four.
func job(_ lines: String) -> String {
    let body = lines.split(separator: "\n").map { "    \($0)\n" }.joined()
    return "version: 1\njobs:\n  a:\n" + body
}

/// The one job of `job(lines)`.
func spec(_ lines: String) throws -> JobSpec {
    let file = try JobsFile.read(text: job(lines), file: "f")
    return try #require(file.jobs.first?.spec)
}
