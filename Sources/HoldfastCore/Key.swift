/// What a user names: a job, and with it the one process that runs it.
///
/// UTF-8, 1 to 255 bytes, no control characters; `/` separates namespaces by convention only.
/// Two keys are one only if all their bytes are.
package struct Key: Hashable, Comparable, Sendable, CustomStringConvertible {
    package let text: String

    /// - Throws: `InvalidName`, which says what a key may hold.
    package init(_ text: String) throws(InvalidName) {
        let size = text.utf8.count
        guard (1...Limits.keyBytes).contains(size) else {
            throw InvalidName(
                text: text, reason: "a key has 1 to \(Limits.keyBytes) bytes, not \(size)")
        }
        guard !text.unicodeScalars.contains(where: Self.isControl) else {
            throw InvalidName(text: text, reason: "a key holds no control characters")
        }
        self.text = text
    }

    package static func < (left: Self, right: Self) -> Bool { left.exact < right.exact }

    package static func == (left: Self, right: Self) -> Bool { left.exact == right.exact }

    package func hash(into hasher: inout Hasher) { hasher.combine(self.exact) }

    private var exact: ExactText { ExactText(self.text) }

    package var description: String { self.text }

    private static func isControl(_ scalar: Unicode.Scalar) -> Bool {
        switch scalar.value {
        case 0...0x1F, 0x7F...0x9F, 0x2028, 0x2029: true
        default: false
        }
    }
}
