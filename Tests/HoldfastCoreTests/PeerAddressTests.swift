import HoldfastCore
import Testing

@Suite("Peer address")
struct PeerAddressTests {
    @Test(
        "reads and prints the same text",
        arguments: [
            ("127.0.0.1:7400", "127.0.0.1", 7400), ("[::1]:1", "::1", 1),
            ("[2001:db8::7]:65535", "2001:db8::7", 65535), ("[::]:7400", "::", 7400),
            ("[::ffff:127.0.0.1]:7400", "::ffff:127.0.0.1", 7400),
            ("[1:2:3:4:5:6:7:8]:9", "1:2:3:4:5:6:7:8", 9),
            ("db1.example:7400", "db1.example", 7400), ("my_host-2:7400", "my_host-2", 7400),
        ] as [(String, String, UInt16)])
    func valid(text: String, host: String, port: UInt16) throws {
        let address = try PeerAddress(text)
        #expect(address.host == host)
        #expect(address.port == port)
        #expect(address.description == text)
    }

    @Test(
        "refuses what nobody could dial",
        arguments: [
            "", ":", "a", "a:", ":1", "a:0", "a:65536", "a:-1", "a:+1", "a:1x", "a: 1", "a:000001",
            "::1:7400", "[::1]", "[::1]7400", "[::1:7400", "[]:1", "[127.0.0.1]:1", "[a]:1",
            "[fe80::1%eth0]:1", "[1:2:3:4:5:6:7]:1", "[1:2:3:4:5:6:7:8:9]:1", "[1::2::3]:1",
            "[12345::]:1", "[1.2.3.4::]:1", "[::1.2.3]:1", "[:::]:1", "[+1::]:1",
            "127.1:80", "1.2.3.256:80", "01.2.3.4:80", "2130706433:80", "0x7f000001:80",
            "1.2.3.:80",
            "a..b:1", ".a:1", "a b:1", "a/b:1", "ä:1", "a\u{0}:1",
            String(repeating: "a", count: 64) + ":1",
            String(repeating: "a.", count: 127) + "b:1",
        ])
    func invalid(text: String) {
        #expect(throws: InvalidName.self) { try PeerAddress(text) }
    }

    @Test(
        "knows what only this machine can reach",
        arguments: [
            ("127.0.0.1:1", true), ("127.255.0.9:1", true), ("[::1]:1", true),
            ("[0:0:0:0:0:0:0:1]:1", true), ("[::ffff:127.0.0.1]:1", true), ("localhost:1", true),
            ("LocalHost:1", true), ("a.localhost:1", true), ("0.0.0.0:1", false),
            ("128.0.0.1:1", false), ("[::]:1", false), ("[::2]:1", false),
            ("[::ffff:10.0.0.1]:1", false), ("localhost.example:1", false),
            ("notlocalhost:1", false),
        ])
    func loopback(text: String, expected: Bool) throws {
        #expect(try PeerAddress(text).isLoopback == expected)
    }
}
