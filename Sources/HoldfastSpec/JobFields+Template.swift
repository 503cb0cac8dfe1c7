internal import HoldfastJobs

/// Templates: `worker@` is the body of `worker@1` and `worker@2`, with `%i` for what follows `@`.
extension JobFields {
    /// Splits a key at its first `@`; `nil` when it has none.
    static func templateName(of key: String) -> (template: String, instance: String)? {
        guard let at = key.unicodeScalars.firstIndex(of: "@") else { return nil }
        let after = key.unicodeScalars.index(after: at)
        return (String(key.unicodeScalars[..<after]), String(key.unicodeScalars[after...]))
    }

    /// The block with `%i` replaced in every text, and `%%` by `%`.
    func instantiated(_ instance: String) -> Self {
        func text(_ located: Located<String>) -> Located<String> {
            Located(
                value: Self.replace(in: located.value, by: instance), position: located.position)
        }
        func label(_ located: Located<Label>) -> Located<Label> {
            var result = located
            result.value.value = Self.replace(in: located.value.value, by: instance)
            return result
        }
        var result = self
        switch self.launch?.value {
        case .command(let words)?: result.launch?.value = .command(words.map(text))
        case .shell(let line)?: result.launch?.value = .shell(text(line))
        case nil: break
        }
        for index in result.environment.indices {
            result.environment[index].value = text(result.environment[index].value)
        }
        result.directory = self.directory.map(text)
        result.user = self.user.map(text)
        result.group = self.group.map(text)
        result.require = self.require.map(label)
        result.prefer = self.prefer.map(label)
        return result
    }

    private static func replace(in text: String, by instance: String) -> String {
        guard text.utf8.contains(0x25) else { return text }
        var result = ""
        var rest = text.unicodeScalars[...]
        while let scalar = rest.popFirst() {
            switch (scalar, rest.first) {
            case ("%", "i"?):
                result += instance
                rest.removeFirst()
            case ("%", "%"?):
                result += "%"
                rest.removeFirst()
            default:
                result.unicodeScalars.append(scalar)
            }
        }
        return result
    }
}
