import Foundation
import HoldfastCore
import HoldfastGuard
import HoldfastGuardCore
import Testing

@Suite("The guard's command line")
struct GuardOptionsTests {
    static func parse(_ arguments: String...) throws -> GuardOptions? {
        guard case .serve(let options) = try GuardOptions.parse(arguments) else { return nil }
        return options
    }

    @Test("a file alone decides the socket, the name and the users")
    func defaults() throws {
        let directory = try GuardHarness.makeDirectory()
        defer { try? FileManager.default.removeItem(atPath: directory) }
        let options = try #require(try Self.parse("--config", "\(directory)/host.yaml"))
        #expect(options.socketPath == "\(directory)/guard.sock")
        #expect(
            options.name
                == GuardOptions.defaultName(forConfiguration: "\(directory)/host.yaml"))
        #expect(options.allowedUsers == .only([geteuid()]))
        #expect(options.containment == nil)
        // However the file is named, it is the same guard's.
        let other = try #require(
            try Self.parse(
                "--config=\(directory)/../\(directory.split(separator: "/").last ?? "")/host.yaml"))
        #expect(other == options)
    }

    @Test("everything can be said")
    func everything() throws {
        let options = try Self.parse(
            "--config", "/etc/passwd", "--socket", "/tmp/s", "--name=a.b-c_D9", "--users",
            "0,1000", "--contain", "group")
        #expect(
            options
                == GuardOptions(
                    containment: .group, socketPath: "/tmp/s", name: "a.b-c_D9",
                    allowedUsers: .only([0, 1000])))
        #expect(try Self.parse("--config", "/etc/passwd", "--users", "any")?.allowedUsers == .any)
        #expect(try GuardOptions.parse(["--config", "/etc/passwd", "--help"]) == .help)
    }

    /// Command lines that mean nothing, and a word of the answer.
    static let mistakes: [([String], String, ExitStatusCode)] = [
        ([], "--config FILE is missing", .usage),
        (["--config"], "--config needs a value", .usage),
        (["--config", "/nonexistent"], "no such file", .configuration),
        (["--config", "/etc/passwd", "--config", "/etc/passwd"], "given twice", .usage),
        (["--verbose"], "'--verbose' is not an option", .usage),
        (["serve"], "'serve' is not an option", .usage),
        (["--config", "/etc/passwd", "--name", "../x"], "'../x'", .usage),
        (["--config", "/etc/passwd", "--name", ".."], "'..'", .usage),
        (["--config", "/etc/passwd", "--users", "root"], "'root'", .usage),
        (["--config", "/etc/passwd", "--users", "1,,2"], "'1,,2'", .usage),
        (["--config", "/etc/passwd", "--users", "4294967295"], "'4294967295'", .usage),
        (["--config", "/etc/passwd", "--contain", "chroot"], "'chroot'", .usage),
    ]

    @Test("a wrong command line is answered by what is wrong with it", arguments: mistakes)
    func wrong(_ arguments: [String], _ word: String, _ status: ExitStatusCode) throws {
        let failure = try #require(throws: GuardFailure.self) {
            try GuardOptions.parse(arguments)
        }
        #expect(failure.description.contains(word))
        #expect(failure.exitStatus == status)
    }
}
