internal import HoldfastCore
internal import HoldfastJobs

/// Single values: read one, or say what it should have been.
extension Diagnosis {
    /// The key of a mapping.
    mutating func name(_ key: YAMLNode) -> String? {
        guard case .scalar(let text, let isText) = key.content else {
            self.report(key.position, "a field's name is a single word, not \(key.kind)")
            return nil
        }
        if text == "<<", !isText {
            self.report(
                key.position, "merging with '<<' is not supported; use 'defaults' or a template")
            return nil
        }
        return text
    }

    /// A text; numbers and the like count as what was written.
    mutating func text(_ node: YAMLNode, of field: String) -> Located<String>? {
        guard case .scalar(let text, _) = node.content, !node.isNull else {
            let hint = node.isNull ? "; for an empty text write \"\"" : ""
            self.report(node.position, "'\(field)' is a single text, not \(node.kind)\(hint)")
            return nil
        }
        guard !text.unicodeScalars.contains("\0") else {
            self.report(node.position, "'\(field)' holds a zero byte")
            return nil
        }
        return Located(value: text, position: node.position)
    }

    mutating func integer(
        _ node: YAMLNode, of field: String, in range: ClosedRange<Int64>
    ) -> Int64? {
        guard let text = self.text(node, of: field) else { return nil }
        guard let value = Int64(text.value), range.contains(value) else {
            self.report(
                text.position,
                "'\(field)' is \(quoted(text.value)), which is not a whole number from "
                    + "\(range.lowerBound) to \(range.upperBound)")
            return nil
        }
        return value
    }

    mutating func boolean(_ node: YAMLNode, of field: String) -> Bool? {
        guard let text = self.text(node, of: field) else { return nil }
        switch text.value {
        case "true": return true
        case "false": return false
        default:
            self.report(
                text.position, "'\(field)' is \(quoted(text.value)), which is not true or false",
                didYouMean: ["yes": "true", "no": "false", "on": "true", "off": "false"][
                    text.value.lowercased()])
            return nil
        }
    }

    mutating func duration(
        _ node: YAMLNode, of field: String,
        in range: ClosedRange<Duration> = .zero...Limits.jobDuration
    ) -> Located<Duration>? {
        guard let text = self.text(node, of: field) else { return nil }
        return self.duration(text, of: field, in: range)
            .map { Located(value: $0, position: text.position) }
    }

    mutating func duration(
        _ text: Located<String>, of field: String, in range: ClosedRange<Duration>
    ) -> Duration? {
        let value: Duration
        do throws(InvalidDuration) {
            value = try DurationText.parse(text.value)
        } catch {
            self.report(
                text.position, "'\(field)' is \(quoted(text.value)), which is \(error.reason)",
                didYouMean: error.suggestion.map { "'\($0)'" })
            return nil
        }
        guard range.contains(value) else {
            self.report(
                text.position,
                "'\(field)' is \(quoted(text.value)), which is not between "
                    + "\(DurationText.format(range.lowerBound)) and "
                    + "\(DurationText.format(range.upperBound))")
            return nil
        }
        return value
    }

    /// One of a few words.
    mutating func choice<Value>(
        _ node: YAMLNode, of field: String, among words: [(String, Value)]
    ) -> Value? {
        guard let text = self.text(node, of: field) else { return nil }
        if let match = words.first(where: { $0.0 == text.value }) { return match.1 }
        let names = words.map(\.0)
        self.report(
            text.position,
            "'\(field)' is \(quoted(text.value)), which is not one of "
                + names.joined(separator: ", "),
            didYouMean: Suggestion.nearest(to: text.value, among: names).map { "'\($0)'" })
        return nil
    }

    mutating func size(
        _ node: YAMLNode, of field: String, in range: ClosedRange<UInt64>
    ) -> UInt64? {
        guard let text = self.text(node, of: field) else { return nil }
        guard let value = SizeText.parse(text.value) else {
            self.report(
                text.position,
                "'\(field)' is \(quoted(text.value)), which is not a size such as 512K, 10M or 1G",
                didYouMean: SizeText.correction(of: text.value).map { "'\($0)'" })
            return nil
        }
        guard range.contains(value) else {
            self.report(
                text.position,
                "'\(field)' is \(quoted(text.value)), which is not between "
                    + "\(SizeText.format(range.lowerBound)) and "
                    + "\(SizeText.format(range.upperBound))")
            return nil
        }
        return value
    }

    mutating func signal(_ node: YAMLNode, of field: String) -> Int32? {
        guard let text = self.text(node, of: field) else { return nil }
        guard let number = SignalName.number(text.value) else {
            let word = text.value.uppercased()
            let nearest = Suggestion.nearest(
                to: word.hasPrefix("SIG") ? String(word.dropFirst(3)) : word,
                among: SignalName.names)
            self.report(
                text.position,
                "'\(field)' is \(quoted(text.value)), which is not a signal such as TERM, "
                    + "SIGTERM or 15",
                didYouMean: nearest.map { "'\($0)'" })
            return nil
        }
        return number
    }
}
