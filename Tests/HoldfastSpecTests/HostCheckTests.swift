import FoundationEssentials
import HoldfastSpec
import Testing

@Suite("Jobs against this machine")
struct HostCheckTests {
    @Test("everything that this machine lacks is told with its place")
    func lacking() throws {
        let folder = FileManager.default.temporaryDirectory
            .appending(path: "holdfast-spec-\(UUID().uuidString)").path
        try FileManager.default.createDirectory(
            atPath: folder, withIntermediateDirectories: true)
        defer { try? FileManager.default.removeItem(atPath: folder) }
        try Data("x".utf8).write(to: URL(filePath: folder + "/plain"))
        let text = """
            version: 1
            defaults: {user: nobody-such}
            jobs:
              a: {command: [\(folder)/plain]}
              b: {command: [\(folder)/none], directory: \(folder)/none, user: root}
              c: {command: [\(folder)], directory: \(folder)/plain, group: no-such, user: 4711}
              d: {command: [no-such-program-anywhere], user: root}
              e: {shell: true, user: root, group: root, directory: /}
            """
        let file = try JobsFile.read(text: text, file: "f")
        let lines = HostCheck.checkOnThisHost(file)
            .map { String($0.description.replacing(folder, with: "DIR").dropFirst(2)) }
        func column(_ text: String) -> Int { text.replacing("DIR", with: folder).count + 1 }
        let (inB, inC) = (
            column("  b: {command: [DIR/none], directory: "),
            column("  c: {command: [DIR], directory: ")
        )
        let group = column("  c: {command: [DIR], directory: DIR/plain, group: ")
        let expected = [
            "2:18: user 'nobody-such' does not exist on this host",
            "4:17: command 'DIR/plain' is not executable",
            "5:17: command 'DIR/none' does not exist on this host",
            "5:\(inB): directory 'DIR/none' does not exist on this host",
            "6:17: command 'DIR' is not a file",
            "6:\(inC): directory 'DIR/plain' is not a directory",
            "6:\(group): group 'no-such' does not exist on this host",
            "7:17: command 'no-such-program-anywhere' is not found in "
                + "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin",
        ]
        #expect(lines == expected)
    }

    @Test("programs are looked up by absolute path or by name")
    func lookup() {
        #expect(CommandLookup.resolve("/bin/sh") == "/bin/sh")
        #expect(CommandLookup.resolve("sh")?.hasSuffix("/sh") == true)
        #expect(CommandLookup.resolve("./sh") == nil)
        #expect(CommandLookup.resolve("") == nil)
        #expect(CommandLookup.resolve("..") == nil)
        #expect(CommandLookup.resolve("/bin") == nil)
    }
}
