import HoldfastStorage
import Testing

@Suite("CRC-32C")
struct ChecksumTests {
    /// RFC 3720, appendix B.4, and the usual check value.
    @Test(
        "agrees with the published values",
        arguments: [
            (Array("123456789".utf8), 0xE306_9283), ([], 0),
            (Array(repeating: 0, count: 32), 0x8A91_36AA),
            (Array(repeating: 0xFF, count: 32), 0x62A8_AB43),
            (Array(0..<32), 0x46DD_794E), ((0..<32).reversed(), 0x113F_DB5C),
        ] as [([UInt8], UInt32)])
    func vectors(bytes: [UInt8], expected: UInt32) {
        var whole = CRC32C()
        whole.add(bytes)
        #expect(whole.value == expected)
        var parts = CRC32C()
        parts.add(bytes.prefix(5))
        parts.add(bytes.dropFirst(5).lazy.map { $0 })
        #expect(parts.value == expected)
    }

    @Test("takes a word for its eight bytes, least significant first")
    func word() {
        var (word, bytes) = (CRC32C(), CRC32C())
        word.add(0x0102_0304_0506_0708)
        bytes.add([8, 7, 6, 5, 4, 3, 2, 1])
        #expect(word.value == bytes.value)
    }
}
