import HoldfastSpec
import Testing

/// Goal: no file, however broken, ends the process, and every refusal names a place.
///
/// Method: random bytes, and right files with random bytes changed, removed and repeated; a trap
/// leaves no time to report, so the seed is the test's argument and stands in its log.
@Suite("Garbage")
struct GarbageTests {
    private static let seed = """
        version: 1
        defaults: {user: app, restart: {policy: on-failure, delay: 1s}}
        jobs:
          w@: &w
            command: [/bin/echo, "%i", 'x']
            env: {A: "\\u00e9", B: *w}
          w@1: {logs: {size: 10M, count: 3}}
          b:
            shell: |
              a
              b
            stop: {signal: TERM, grace: 1m30s}
            hosts: {require: {zone: eu}}
        """

    @Test("damaged files are taken or refused with places", arguments: UInt64(1)...60)
    func damaged(seed: UInt64) {
        var random = SplitMix(state: seed)
        for _ in 0..<50 {
            var bytes = Array(Self.seed.utf8)
            for _ in 0..<(1 + random.next(6)) {
                let place = random.next(bytes.count)
                switch random.next(4) {
                case 0: bytes[place] = UInt8(random.next(256))
                case 1: bytes.remove(at: place)
                case 2: bytes.insert(Array(":{}[]&*-\"'|\n\t %@".utf8)[random.next(16)], at: place)
                default: bytes.append(contentsOf: bytes[place...])
                }
            }
            Self.check(bytes)
        }
    }

    @Test("random bytes are refused with places", arguments: UInt64(1)...20)
    func random(seed: UInt64) {
        var random = SplitMix(state: seed)
        for _ in 0..<50 {
            Self.check((0..<random.next(200)).map { _ in UInt8(random.next(256)) })
            Self.check((0..<random.next(200)).map { _ in UInt8(random.next(96) + 32) })
        }
    }

    private static func check(_ bytes: [UInt8]) {
        for line in mistakes(bytes: bytes) {
            #expect(line.hasPrefix("f:") && !line.contains("\n"), "\(bytes)")
        }
        if let failure = #expect(
            throws: InvalidFile.self,
            performing: {
                try HostConfiguration.read(bytes: bytes, file: "f")
            })
        {
            #expect(failure.problems.allSatisfy { $0.line > 0 && $0.column > 0 }, "\(bytes)")
        }
    }
}

private struct SplitMix {
    var state: UInt64

    mutating func next(_ bound: Int) -> Int {
        self.state &+= 0x9E37_79B9_7F4A_7C15
        var mixed = self.state
        mixed = (mixed ^ (mixed >> 30)) &* 0xBF58_476D_1CE4_E5B9
        mixed = (mixed ^ (mixed >> 27)) &* 0x94D0_49BB_1331_11EB
        return Int((mixed ^ (mixed >> 31)) >> 33) % bound
    }
}
