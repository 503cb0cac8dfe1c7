/// Texts made fit for a terminal.
package enum Printable {
    /// Control characters, which could make a terminal do things, become visible escapes.
    package static func text(_ text: String) -> String {
        guard text.unicodeScalars.contains(where: Self.isControl) else { return text }
        var result = ""
        for scalar in text.unicodeScalars {
            if Self.isControl(scalar) {
                result += scalar.escaped(asASCII: true)
            } else {
                result.unicodeScalars.append(scalar)
            }
        }
        return result
    }

    /// One word of a shell's command line: quoted only where a shell would read it otherwise.
    package static func shellWord(_ text: String) -> String {
        let text = Self.text(text)
        if !text.isEmpty, text.utf8.allSatisfy(Self.isPlain) { return text }
        var quoted = "'"
        for character in text { quoted += character == "'" ? "'\\''" : String(character) }
        return quoted + "'"
    }

    private static func isControl(_ scalar: Unicode.Scalar) -> Bool {
        switch scalar.properties.generalCategory {
        case .control, .format, .lineSeparator, .paragraphSeparator: true
        default: false
        }
    }

    private static func isPlain(_ byte: UInt8) -> Bool {
        switch byte {
        case 0x30...0x39, 0x41...0x5A, 0x61...0x7A: true
        default: "_@%+=:,./-".utf8.contains(byte)
        }
    }
}
