/// Finds where a text stops being JSON, because the library's decoder doesn't tell.
///
/// Only asked about texts that the decoder has refused.
///
/// Source: RFC 8259.
struct JSONSyntax {
    /// As deep as the decoder goes.
    private static let depthLimit = 512

    private let bytes: [UInt8]
    private var position = 0

    private struct Mistake: Error {}

    /// `line 2, column 7`, both counted from one, columns in bytes; `nil` if this is JSON.
    static func firstMistake(in bytes: [UInt8]) -> String? {
        var reader = JSONSyntax(bytes: bytes)
        do {
            try reader.value(depth: 0)
            reader.skipSpace()
            guard reader.position < bytes.count else { return nil }
        } catch {
            // The position says it all.
        }
        let before = bytes[..<min(reader.position, bytes.count)]
        let line = before.count { $0 == UInt8(ascii: "\n") } + 1
        let start = before.lastIndex(of: UInt8(ascii: "\n")).map { $0 + 1 } ?? 0
        return "line \(line), column \(before.count - start + 1)"
    }

    private init(bytes: [UInt8]) {
        self.bytes = bytes
    }

    private var next: UInt8? { self.position < self.bytes.count ? self.bytes[self.position] : nil }

    private mutating func value(depth: Int) throws(Mistake) {
        self.skipSpace()
        guard depth < Self.depthLimit else { throw Mistake() }
        switch self.next {
        case UInt8(ascii: "{"): try self.list(closedBy: "}", isObject: true, depth: depth)
        case UInt8(ascii: "["): try self.list(closedBy: "]", isObject: false, depth: depth)
        case UInt8(ascii: "\""): try self.string()
        case UInt8(ascii: "t"): try self.word("true")
        case UInt8(ascii: "f"): try self.word("false")
        case UInt8(ascii: "n"): try self.word("null")
        default: try self.number()
        }
    }

    private mutating func list(
        closedBy close: Unicode.Scalar, isObject: Bool, depth: Int
    ) throws(Mistake) {
        self.position += 1
        self.skipSpace()
        if self.take(close) { return }
        while true {
            if isObject {
                self.skipSpace()
                guard self.next == UInt8(ascii: "\"") else { throw Mistake() }
                try self.string()
                self.skipSpace()
                guard self.take(":") else { throw Mistake() }
            }
            try self.value(depth: depth + 1)
            self.skipSpace()
            if self.take(close) { return }
            guard self.take(",") else { throw Mistake() }
        }
    }

    private mutating func string() throws(Mistake) {
        self.position += 1
        while let byte = self.next {
            guard byte >= 0x20 else { throw Mistake() }
            self.position += 1
            if byte == UInt8(ascii: "\"") { return }
            if byte == UInt8(ascii: "\\") { try self.escape() }
        }
        throw Mistake()
    }

    private mutating func escape() throws(Mistake) {
        guard let byte = self.next, "\"\\/bfnrtu".utf8.contains(byte) else { throw Mistake() }
        self.position += 1
        guard byte == UInt8(ascii: "u") else { return }
        for _ in 0..<4 {
            guard let digit = self.next, Character(Unicode.Scalar(digit)).isHexDigit else {
                throw Mistake()
            }
            self.position += 1
        }
    }

    private mutating func number() throws(Mistake) {
        _ = self.take("-")
        if !self.take("0") { try self.digits() }
        if self.take(".") { try self.digits() }
        guard self.take("e") || self.take("E") else { return }
        if !self.take("+") { _ = self.take("-") }
        try self.digits()
    }

    private mutating func digits() throws(Mistake) {
        let start = self.position
        while let byte = self.next, (0x30...0x39).contains(byte) { self.position += 1 }
        guard self.position > start else { throw Mistake() }
    }

    private mutating func word(_ word: String) throws(Mistake) {
        for byte in word.utf8 {
            guard self.next == byte else { throw Mistake() }
            self.position += 1
        }
    }

    private mutating func take(_ scalar: Unicode.Scalar) -> Bool {
        guard self.next == UInt8(ascii: scalar) else { return false }
        self.position += 1
        return true
    }

    private mutating func skipSpace() {
        while let byte = self.next, [0x20, 0x09, 0x0A, 0x0D].contains(byte) { self.position += 1 }
    }
}
