import Foundation
import HoldfastLinux
import Testing

@Suite("The virtual machine's clock")
struct VMClockTests {
    /// A page as the host would write it: magic, size, …, and at 16 the disruption marker.
    static func page(marker: UInt64, magic: UInt32 = 0x4B4C_4356) -> Data {
        var page = Data(count: 4096)
        withUnsafeBytes(of: magic.littleEndian) { bytes in
            page.replaceSubrange(0..<4, with: bytes)
        }
        page[5] = 16
        withUnsafeBytes(of: marker.littleEndian) { bytes in
            page.replaceSubrange(16..<24, with: bytes)
        }
        return page
    }

    @Test("S8: a changed marker is noticed once")
    func marker() throws {
        let directory = try GuardHarness.makeDirectory()
        defer { try? FileManager.default.removeItem(atPath: directory) }
        let path = "\(directory)/vmclock0"
        try Self.page(marker: 1).write(to: URL(fileURLWithPath: path))
        var clock = try #require(VMClock(path: path))
        let before = clock.wasDisrupted()
        #expect(!before)
        let file = try FileHandle(forWritingTo: URL(fileURLWithPath: path))
        try file.write(contentsOf: Self.page(marker: 2))
        let noticed = [clock.wasDisrupted(), clock.wasDisrupted()]
        #expect(noticed == [true, false])
    }

    @Test("what is not such a clock is not taken for one")
    func noClock() throws {
        let directory = try GuardHarness.makeDirectory()
        defer { try? FileManager.default.removeItem(atPath: directory) }
        let path = "\(directory)/vmclock0"
        try Self.page(marker: 1, magic: 7).write(to: URL(fileURLWithPath: path))
        #expect(VMClock(path: path) == nil)
        #expect(VMClock(path: "\(directory)/none") == nil)
    }
}
