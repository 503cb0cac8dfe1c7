import HoldfastCore
import Testing

@Suite("Names are their bytes")
struct ExactTextTests {
    /// One letter in two spellings: Swift takes them for equal, the disk and the wire do not.
    private static let composed = "caf\u{E9}"
    private static let decomposed = "cafe\u{301}"

    @Test("two spellings of one letter are two texts, two keys and two registers")
    func spellings() throws {
        #expect(Self.composed == Self.decomposed)
        #expect(ExactText(Self.composed) != ExactText(Self.decomposed))
        #expect(Set([ExactText(Self.composed), ExactText(Self.decomposed)]).count == 2)
        #expect(try Key(Self.composed) != Key(Self.decomposed))
        let (one, two) = (try Key(Self.composed), try Key(Self.decomposed))
        #expect(Set([RegisterID.key(one), RegisterID.key(two)]).count == 2)
    }

    @Test("equal bytes are one text, however it came about")
    func equal() {
        let built = Self.composed.utf8.map { $0 }
        let again = String(decoding: built, as: UTF8.self)
        let bridged = String(("x" + Self.composed).dropFirst())
        #expect(Set([Self.composed, again, bridged].map { ExactText($0) }).count == 1)
    }

    @Test("the order is that of the bytes")
    func order() {
        let texts = ["", "a", "a\u{0}", "b", "z", "\u{E9}", "e\u{301}", "\u{1F600}"]
        let sorted = texts.map { ExactText($0) }.sorted().map(\.text)
        let byBytes = texts.sorted { Array($0.utf8).lexicographicallyPrecedes(Array($1.utf8)) }
        #expect(sorted.map { Array($0.utf8) } == byBytes.map { Array($0.utf8) })
    }

    @Test("a boundary between two texts counts: bucket and key do not run together")
    func boundary() {
        let left = RegisterID(bucket: "ab", key: "c")
        let right = RegisterID(bucket: "a", key: "bc")
        #expect(left != right)
        #expect(left.stableHash != right.stableHash)
    }
}
