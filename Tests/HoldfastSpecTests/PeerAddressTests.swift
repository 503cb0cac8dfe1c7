import HoldfastSpec
import Testing

@Suite("Peer addresses")
struct PeerAddressTests {
    @Test(
        "addresses are read, and loopback is told apart",
        arguments: [
            ("127.0.0.1:7411", "127.0.0.1:7411", true), ("127.9.8.7:1", "127.9.8.7:1", true),
            ("[::1]:65535", "[::1]:65535", true), ("[0:0::1]:1", "[::1]:1", true),
            ("[::ffff:127.0.0.1]:1", "[::ffff:127.0.0.1]:1", true),
            ("localhost:80", "localhost:80", true), ("LOCALHOST:80", "localhost:80", true),
            ("128.0.0.1:1", "128.0.0.1:1", false), ("[fe80::1]:1", "[fe80::1]:1", false),
            ("localhost.example:1", "localhost.example:1", false), ("h1:007", "h1:7", false),
            ("127.example:1", "127.example:1", false),
        ])
    func read(text: String, canonical: String, isLoopback: Bool) throws {
        let address = try PeerAddress(text)
        #expect(address.description == canonical)
        #expect(address.isLoopback == isLoopback)
        #expect(!address.isWildcard)
    }

    @Test(
        "what is no address is refused",
        arguments: [
            ("", InvalidAddress.noPort), ("h1", .noPort), ("h1:", .badPort), ("h1:0", .badPort),
            ("h1:65536", .badPort), ("h1:+1", .badPort), ("h1:x", .badPort), (":1", .badAddress),
            ("::1:80", .bareV6), ("[::1]", .badPort), ("[::g]:1", .badAddress),
            ("[]:1", .badAddress), ("1.2.3:1", .badAddress), ("127.1:1", .badAddress),
            ("0x7f000001:1", .badAddress), ("256.0.0.1:1", .badAddress), ("a b:1", .badAddress),
            ("-a:1", .badAddress), ("a..b:1", .badAddress), ("127.0.0.1\0x:1", .badAddress),
            ("é:1", .badAddress),
        ] as [(String, InvalidAddress)])
    func refused(text: String, expected: InvalidAddress) {
        #expect(throws: expected) { try PeerAddress(text) }
    }
}
