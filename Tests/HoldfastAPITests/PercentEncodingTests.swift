import HoldfastAPI
import Testing

@Suite("Percent-encoding")
struct PercentEncodingTests {
    @Test("what is encoded is read again", arguments: ["", "a", "a/b", "%", "ä😀", "a b?c=d&e#f"])
    func roundTrip(text: String) {
        let encoded = PercentEncoding.encode(text)
        #expect(encoded.utf8.allSatisfy { $0 > 0x20 && $0 < 0x7F && $0 != 0x2F && $0 != 0x3F })
        #expect(PercentEncoding.decode(encoded) == text)
    }

    @Test("broken encodings are refused", arguments: ["%", "%a", "%zz", "a%2", "%FF", "%C3"])
    func broken(text: String) {
        #expect(PercentEncoding.decode(text) == nil)
    }
}
