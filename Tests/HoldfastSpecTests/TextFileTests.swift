import HoldfastCore
import HoldfastSpec
import Testing

@Suite("Reading a user's file")
struct TextFileTests {
    @Test("an endless file is read no further than one byte beyond the limit")
    func endless() throws {
        #expect(try TextFile.read("/dev/zero").count == Limits.specFileBytes + 1)
        #expect(try TextFile.read("/dev/null").isEmpty)
    }

    @Test("a file that cannot be read is told with the system's reason")
    func unreadable() {
        let missing = #expect(throws: UnreadableFile.self) { try TextFile.read("/no/such") }
        #expect(
            missing?.description
                == "cannot read '/no/such'; No such file or directory; "
                + "check the path and who may read it")
        #expect(missing?.exitStatus == .inputOutput)
        let folder = #expect(throws: UnreadableFile.self) { try TextFile.read("/") }
        #expect(folder?.why == "Is a directory")
    }
}
