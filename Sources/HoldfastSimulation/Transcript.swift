import HoldfastCore

/// What happened in a world: always as one number, and as lines where somebody will read them.
///
/// Columns of a line: virtual seconds, host (`*` for the world), subject, what happened.
package struct Transcript: Sendable {
    package private(set) var lines: [String] = []
    package private(set) var hash: UInt64 = 0xCBF2_9CE4_8422_2325
    package let keepsLines: Bool

    init(keepsLines: Bool) {
        self.keepsLines = keepsLines
    }

    mutating func mix(_ value: UInt64) {
        self.hash = StableHash.mix(self.hash ^ value &+ 0x9E37_79B9_7F4A_7C15)
    }

    /// The text is made only if somebody keeps it.
    mutating func note(
        _ time: VirtualTime, _ host: HostName?, _ subject: StaticString,
        _ text: @autoclosure () -> String
    ) {
        guard self.keepsLines else { return }
        let subject = "\(subject)"
        let padded = subject + String(repeating: " ", count: max(0, 8 - subject.utf8.count))
        self.lines.append("\(time)  \(host?.text ?? "*")  \(padded)  \(text())")
    }
}
