import Foundation
import Testing

/// Checks of the source itself: what review should not have to say twice.
@Suite("Tidy")
struct TidyTests {
    /// Modules whose behaviour is a function of their arguments alone, and all they may import.
    static let pure: [String: Set<String>] = [
        "HoldfastCore": [],
        "HoldfastPaxos": ["HoldfastCore"],
        "HoldfastSessions": ["HoldfastCore", "HoldfastPaxos"],
        "HoldfastJobs": ["HoldfastCore"],
        "HoldfastGuardCore": ["HoldfastCore"],
        "HoldfastWire": ["HoldfastCore", "HoldfastPaxos", "HoldfastSessions", "HoldfastJobs"],
        "HoldfastNode": [
            "HoldfastCore", "HoldfastPaxos", "HoldfastSessions", "HoldfastJobs",
            "HoldfastGuardCore", "HoldfastWire",
        ],
        "HoldfastSimulation": [
            "HoldfastCore", "HoldfastPaxos", "HoldfastSessions", "HoldfastJobs",
            "HoldfastGuardCore", "HoldfastWire", "HoldfastNode",
        ],
    ]

    /// Modules that drive something, and what they must not know.
    static let refused: [String: Set<String>] = [
        // What parses, allocates or waits has no place in the process that keeps the promise.
        "HoldfastGuard": [
            "Foundation", "FoundationEssentials", "NIOCore", "NIOPosix", "Logging", "Dispatch",
            "CSQLite", "HoldfastWire", "HoldfastStorage", "HoldfastNode", "HoldfastSpec",
            "HoldfastTransport", "HoldfastDaemon", "HoldfastAPI", "ArgumentParser", "Yams",
        ],
        "HoldfastLinux": [
            "Foundation", "FoundationEssentials", "NIOCore", "NIOPosix", "Logging", "Dispatch",
            "HoldfastWire", "HoldfastNode", "HoldfastStorage",
        ],
        "HoldfastStorage": ["HoldfastNode", "HoldfastSessions", "HoldfastJobs", "NIOCore"],
        "HoldfastSpec": ["HoldfastNode", "HoldfastPaxos", "HoldfastWire", "NIOCore"],
        "HoldfastDaemon": ["HoldfastGuard", "HoldfastSimulation"],
    ]

    /// What a pure module must be given instead of taking it.
    static let banned = [
        "Clock.now": "an instant passed to receive(_:at:)",
        "Date()": "an instant passed in",
        "Task {": "an effect",
        "Task.sleep": "an effect that sets a timer",
        " async ": "an effect",
        "await ": "an effect",
        "print(": "an effect",
        "Logger": "an effect",
        "UUID()": "an identifier passed in",
        "SystemRandomNumberGenerator": "a generator passed in",
        ".random(in": "a generator passed in",
        ".shuffled()": "a generator passed in",
        ".randomElement()": "a generator passed in",
        ".hashValue": "StableHash, which is the same everywhere",
        "Hasher()": "StableHash, which is the same everywhere",
    ]

    /// Words that no source holds.
    ///
    /// Written so that this file does not hold them either.
    static let never = [
        "TO" + "DO", "FIX" + "ME", "fatal" + "Error(", "try" + "!", "nonisolated(" + "unsafe)",
        "@" + "_exported",
    ]

    @Test("pure modules import only what the layout allows", arguments: pure.keys.sorted())
    func imports(module: String) throws {
        let allowed = Self.pure[module] ?? []
        let files = try SourceFile.all(in: "Sources/\(module)")
        // Renamed, a module would be checked by nobody.
        #expect(!files.isEmpty || module == "HoldfastSimulation")
        for file in files {
            for (number, name) in file.imports {
                #expect(allowed.contains(name), "\(file.path):\(number): import \(name)")
            }
        }
    }

    @Test("no module knows what the layout keeps from it", arguments: refused.keys.sorted())
    func strangers(module: String) throws {
        let refused = Self.refused[module] ?? []
        for file in try SourceFile.all(in: "Sources/\(module)") {
            for (number, name) in file.imports {
                #expect(!refused.contains(name), "\(file.path):\(number): import \(name)")
            }
        }
    }

    @Test("pure modules take nothing from the world", arguments: pure.keys.sorted())
    func purity(module: String) throws {
        for file in try SourceFile.all(in: "Sources/\(module)") {
            for (number, line) in file.code {
                for (word, instead) in Self.banned where line.contains(word) {
                    Issue.record("\(file.path):\(number): '\(word)' is banned; use \(instead)")
                }
            }
        }
    }

    @Test("executables are thin")
    func thin() throws {
        for program in ["holdfast", "holdfastd", "holdfast-guard"] {
            let lines = try SourceFile.all(in: "Sources/\(program)").reduce(0) {
                $0 + $1.lines.count - 1
            }
            #expect(lines < 50, "\(program) has \(lines) lines")
        }
    }

    @Test("`package` is the widest access, except in the client library")
    func access() throws {
        for file in try SourceFile.all(in: "Sources")
        where !file.path.contains("/Sources/Holdfast/") {
            for (number, line) in file.code {
                let isPublic = line.contains("public ") || line.contains("open class ")
                #expect(!isPublic, "\(file.path):\(number)")
            }
        }
    }

    @Test("no source holds what it never should", arguments: ["Sources", "Tests"])
    func words(folder: String) throws {
        for file in try SourceFile.all(in: folder) {
            for (number, line) in file.lines {
                for word in Self.never where line.contains(word) {
                    Issue.record("\(file.path):\(number): \(word)")
                }
            }
        }
    }

    @Test("no file is one that nobody can hold in mind")
    func size() throws {
        for file in try SourceFile.all(in: "Sources") {
            #expect(file.lines.count < 700, "\(file.path)")
        }
    }
}
