/// Writes a tree as YAML that every reader of YAML 1.1 or 1.2 understands alike.
struct YAMLWriter {
    private var lines: [String] = []

    /// - Returns: The text, with a final newline.
    static func write(_ node: YAMLNode) -> String {
        var writer = Self()
        writer.value(node, after: "", indent: 0)
        return writer.lines.joined(separator: "\n") + "\n"
    }

    /// Writes one value, `head` being what stands before it on its first line.
    private mutating func value(_ node: YAMLNode, after head: String, indent: Int) {
        let space = head.isEmpty ? "" : " "
        switch node.content {
        case .scalar(let text, let isText):
            if isText, let block = Self.literal(text, indent: indent) {
                self.lines.append(head + space + block)
            } else {
                self.lines.append(head + space + (isText ? Self.inline(text) : text))
            }
        case .sequence(let items):
            if let flow = Self.flow(items), head.count + flow.count <= 90 {
                self.lines.append(head + space + flow)
                return
            }
            if !head.isEmpty { self.lines.append(head) }
            for item in items {
                self.value(item, after: Self.margin(indent) + "-", indent: indent + 1)
            }
        case .mapping(let pairs):
            guard !pairs.isEmpty else {
                self.lines.append(head + space + "{}")
                return
            }
            if !head.isEmpty { self.lines.append(head) }
            for pair in pairs {
                guard case .scalar(let name, _) = pair.key.content else { continue }
                self.value(
                    pair.value, after: Self.margin(indent) + Self.inline(name) + ":",
                    indent: indent + 1)
            }
        }
    }

    private static func margin(_ indent: Int) -> String {
        String(repeating: "  ", count: indent)
    }

    private static func flow(_ items: [YAMLNode]) -> String? {
        var words: [String] = []
        for item in items {
            guard case .scalar(let text, let isText) = item.content, !text.contains("\n") else {
                return nil
            }
            words.append(isText ? Self.inline(text) : text)
        }
        return "[" + words.joined(separator: ", ") + "]"
    }

    /// A text on one line: bare where nobody can mistake it, else in double quotes.
    static func inline(_ text: String) -> String {
        Self.isPlain(text) ? text : "\"" + text.unicodeScalars.map(Self.escaped).joined() + "\""
    }

    private static func isPlain(_ text: String) -> Bool {
        let words = ["true", "false", "yes", "no", "on", "off", "y", "n", "null"]
        guard let first = text.utf8.first, text.utf8.last != 0x20 else { return false }
        let isLetter = (0x41...0x5A).contains(first) || (0x61...0x7A).contains(first)
        guard isLetter || first == 0x2F || first == 0x5F else { return false }
        return !words.contains(text.lowercased())
            && text.utf8.allSatisfy { byte in
                switch byte {
                case 0x30...0x39, 0x41...0x5A, 0x61...0x7A: true
                default: " /_.@%+=-".utf8.contains(byte)
                }
            }
    }

    private static func escaped(_ scalar: Unicode.Scalar) -> String {
        switch scalar.value {
        case 0x22: "\\\""
        case 0x5C: "\\\\"
        case 0x0A: "\\n"
        case 0x09: "\\t"
        case 0...0x1F, 0x7F...0x9F: "\\x" + Self.hexadecimal(scalar.value, digits: 2)
        case 0x2028, 0x2029, 0xFEFF, 0xFFFE, 0xFFFF:
            "\\u" + Self.hexadecimal(scalar.value, digits: 4)
        default: String(scalar)
        }
    }

    private static func hexadecimal(_ value: UInt32, digits: Int) -> String {
        let text = String(value, radix: 16)
        return String(repeating: "0", count: max(0, digits - text.utf8.count)) + text
    }

    /// Several lines as a block, as people write scripts; `nil` where a block would be delicate.
    private static func literal(_ text: String, indent: Int) -> String? {
        guard text.utf8.contains(0x0A), !text.hasSuffix("\n\n") else { return nil }
        let isPrintable = text.unicodeScalars.allSatisfy { scalar in
            scalar == "\n" || scalar == "\t" || !Self.escaped(scalar).hasPrefix("\\")
                || scalar == "\"" || scalar == "\\"
        }
        guard isPrintable else { return nil }
        let body = text.hasSuffix("\n") ? text.dropLast() : Substring(text)
        let lines = body.split(separator: "\n", omittingEmptySubsequences: false)
        guard let first = lines.first, !first.isEmpty, first.first != " ", first.first != "\t",
            lines.allSatisfy({ $0.isEmpty || !$0.allSatisfy(\.isWhitespace) })
        else { return nil }
        let margin = Self.margin(indent)
        return (text.hasSuffix("\n") ? "|" : "|-")
            + lines.map { $0.isEmpty ? "\n" : "\n" + margin + $0 }.joined()
    }
}
