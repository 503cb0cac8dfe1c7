/// A text that equals another only if their bytes do.
///
/// Swift's `String` takes two spellings of the same letter, composed and decomposed, for equal;
/// the disk, the wire and the other hosts do not.
package struct ExactText: Hashable, Comparable, Sendable {
    package let text: String

    package init(_ text: String) {
        self.text = text
    }

    package static func == (left: Self, right: Self) -> Bool {
        // Equal bytes are equal texts, and those are told apart faster.
        left.text == right.text && left.text.utf8.elementsEqual(right.text.utf8)
    }

    package static func < (left: Self, right: Self) -> Bool {
        left.text.utf8.lexicographicallyPrecedes(right.text.utf8)
    }

    package func hash(into hasher: inout Hasher) {
        // In one piece: registers are looked up with every message.
        var text = self.text
        text.withUTF8 { hasher.combine(bytes: UnsafeRawBufferPointer($0)) }
        hasher.combine(UInt8(0))
    }
}
