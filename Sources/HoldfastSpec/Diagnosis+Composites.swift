internal import HoldfastCore
internal import HoldfastJobs

/// Values made of several.
extension Diagnosis {
    /// A mapping of free names, each given once.
    mutating func pairs(
        _ node: YAMLNode, of field: String
    ) -> [(name: Located<String>, value: YAMLNode)] {
        guard !node.isNull else { return [] }
        guard case .mapping(let pairs) = node.content else {
            self.report(
                node.position, "'\(field)' is a mapping such as {NAME: value}, not \(node.kind)")
            return []
        }
        var seen: Set<String> = []
        var result: [(name: Located<String>, value: YAMLNode)] = []
        for pair in pairs {
            guard let name = self.name(pair.key) else { continue }
            guard seen.insert(name).inserted else {
                self.report(pair.key.position, "\(quoted(name)) is given twice")
                continue
            }
            result.append((Located(value: name, position: pair.key.position), pair.value))
        }
        return result
    }

    /// A mapping of labels, sorted by name.
    mutating func labels(_ node: YAMLNode?, of field: String) -> [Located<Label>] {
        guard let node else { return [] }
        let pairs = self.pairs(node, of: field)
        guard pairs.count <= Limits.labelCount else {
            self.report(node.position, "'\(field)' has more than \(Limits.labelCount) labels")
            return []
        }
        var result: [Located<Label>] = []
        for (name, value) in pairs {
            self.checkLabelName(name)
            guard let text = self.text(value, of: name.value) else { continue }
            result.append(
                Located(
                    value: Label(name: name.value, value: text.value), position: text.position))
        }
        return result.sorted { $0.value < $1.value }
    }

    private mutating func checkLabelName(_ name: Located<String>) {
        let isWord = name.value.utf8.allSatisfy { byte in
            switch byte {
            case 0x30...0x39, 0x41...0x5A, 0x61...0x7A, 0x2D, 0x2E, 0x2F, 0x5F: true
            default: false
            }
        }
        guard isWord, (1...Limits.labelNameBytes).contains(name.value.utf8.count) else {
            self.report(
                name.position,
                "a label's name has 1 to \(Limits.labelNameBytes) letters, digits, "
                    + "'-', '_', '.' or '/'; \(quoted(name.value)) does not")
            return
        }
    }

    /// What a label may say; `host` is the name of a host.
    mutating func checkLabelValue(_ label: Located<Label>) {
        let value = label.value.value
        guard value.utf8.count <= Limits.labelValueBytes, !holdsControl(value) else {
            self.report(
                label.position,
                "a label's value has at most \(Limits.labelValueBytes) bytes and no control "
                    + "characters; \(quoted(value)) does not")
            return
        }
        guard label.value.name == "host" else { return }
        do throws(InvalidName) {
            _ = try HostName(value)
        } catch {
            self.report(label.position, "\(quoted(value)) is no host: \(error.reason)")
        }
    }

    /// The name or the number of a user or group.
    mutating func checkAccount(_ text: Located<String>, of field: String) {
        let value = text.value
        if !value.isEmpty, value.utf8.allSatisfy({ (0x30...0x39).contains($0) }) {
            // The greatest number means "no change" to setresuid(2).
            guard let number = UInt32(value), number < UInt32.max else {
                self.report(text.position, "'\(field)' is \(quoted(value)), which is too great")
                return
            }
            return
        }
        let isName =
            (1...Limits.accountBytes).contains(value.utf8.count) && value.utf8.first != 0x2D
            && !holdsControl(value) && !value.utf8.contains { " :/,".utf8.contains($0) }
        guard isName else {
            self.report(
                text.position, "'\(field)' is \(quoted(value)), which cannot be a name")
            return
        }
    }

    /// `10 in 15m`, or `never`.
    mutating func giveUp(_ node: YAMLNode) -> JobFields.OrNever<RestartPolicy.GiveUp>? {
        guard let text = self.text(node, of: "give_up") else { return nil }
        if text.value == "never" { return .never }
        let words = text.value.split(separator: " ")
        guard words.count == 3, words[1] == "in", let count = UInt32(words[0]),
            (1...100).contains(count)
        else {
            self.report(
                text.position,
                "'give_up' is \(quoted(text.value)), which is not like '10 in 15m' "
                    + "(1 to 100 ends in a time) or 'never'")
            return nil
        }
        let span = Located(value: String(words[2]), position: text.position)
        return self.duration(span, of: "give_up", in: .milliseconds(1)...Limits.jobDuration)
            .map { .value(RestartPolicy.GiveUp(count: count, within: $0)) }
    }
}

/// Whether a text holds characters that would garble a terminal or a line-based file.
func holdsControl(_ text: String) -> Bool {
    text.unicodeScalars.contains { scalar in
        switch scalar.value {
        case 0...0x1F, 0x7F...0x9F, 0x2028, 0x2029: true
        default: false
        }
    }
}
