internal import HoldfastCore
internal import HoldfastJobs

/// From a job back to the fields that a file or the API shows.
extension JobSpec {
    /// The job as a tree; fields that have their default value are in it only if `complete`.
    func document(complete: Bool) -> YAMLNode {
        let standard = JobSpec(command: self.command)
        var fields = DocumentBuilder()
        if self.command.count == 3, Array(self.command.prefix(2)) == Self.shellWords,
            !self.command[2].allSatisfy(\.isWhitespace)
        {
            fields.add("shell", .text(self.command[2]))
        } else {
            fields.add("command", .list(self.command.map { .text($0) }))
        }
        if !self.environment.isEmpty {
            fields.add("env", .mapping(self.environment.map { ($0.name, .text($0.value)) }))
        }
        fields.add("directory", self.directory.map { .text($0) })
        fields.add("user", self.user.map { .text($0) })
        fields.add("group", self.group.map { .text($0) })
        fields.add("hosts", self.placement.document)
        fields.add("start", .word(self.start.word), if: complete || self.start != standard.start)
        fields.add(
            "restart", self.restart.document, if: complete || self.restart != standard.restart)
        fields.add("stop", self.stop.document, if: complete || self.stop != standard.stop)
        fields.add(
            "on_quorum_loss", .word(self.onQuorumLoss.word),
            if: complete || self.onQuorumLoss != standard.onQuorumLoss)
        fields.add("freeze_limit", self.freezeLimit.map { .word(DurationText.format($0)) })
        fields.add("logs", self.logs.document, if: complete || self.logs != standard.logs)
        return fields.node
    }
}

extension Placement {
    fileprivate var document: YAMLNode? {
        var fields = DocumentBuilder()
        for (name, labels) in [("require", self.require), ("prefer", self.prefer)]
        where !labels.isEmpty {
            fields.add(name, .mapping(labels.map { ($0.name, .text($0.value)) }))
        }
        return self.require.isEmpty && self.prefer.isEmpty ? nil : fields.node
    }
}

extension RestartPolicy {
    fileprivate var document: YAMLNode {
        var fields = DocumentBuilder()
        fields.add("policy", .word(self.condition.word))
        fields.add("delay", .word(DurationText.format(self.delay)))
        fields.add("max_delay", .word(DurationText.format(self.maximumDelay)))
        fields.add(
            "give_up",
            self.giveUp.map { .word("\($0.count) in \(DurationText.format($0.within))") })
        return fields.node
    }
}

extension StopPolicy {
    fileprivate var document: YAMLNode {
        .mapping([
            ("signal", .word(SignalName.text(self.signal))),
            ("grace", .word(DurationText.format(self.grace))),
        ])
    }
}

extension LogPolicy {
    fileprivate var document: YAMLNode {
        .mapping([
            ("to", .word("file")), ("size", .word(SizeText.format(self.fileBytes))),
            ("count", .word("\(self.fileCount)")),
        ])
    }
}

/// Builds a mapping field by field.
private struct DocumentBuilder {
    private var fields: [(String, YAMLNode)] = []

    var node: YAMLNode { .mapping(self.fields) }

    mutating func add(_ name: String, _ value: YAMLNode?, if condition: Bool = true) {
        guard condition, let value else { return }
        self.fields.append((name, value))
    }
}

extension YAMLNode {
    /// Trees that we make ourselves stand nowhere.
    private static let nowhere = SourcePosition(line: 0, column: 0)

    /// What a user wrote; shown in quotes where it could be taken for something else.
    static func text(_ text: String) -> Self { Self(.scalar(text, isText: true), at: Self.nowhere) }

    /// A word, number, size or duration of our own.
    static func word(_ text: String) -> Self {
        Self(.scalar(text, isText: false), at: Self.nowhere)
    }

    static func list(_ items: [Self]) -> Self { Self(.sequence(items), at: Self.nowhere) }

    static func mapping(_ fields: [(String, Self)]) -> Self {
        Self(
            .mapping(fields.map { Pair(key: .text($0.0), value: $0.1) }), at: Self.nowhere)
    }
}
