internal import HoldfastCore
internal import HoldfastJobs

/// From a tree to the fields of one block: names, types and single values.
extension JobFields {
    /// Reads a block and checks it by itself; `subject` names it in messages: "a job".
    init(_ node: YAMLNode, of subject: String, _ diagnosis: inout Diagnosis) {
        let before = diagnosis.count
        let table = FieldTable(
            node, of: subject, known: JobField.names, refused: JobField.refused, &diagnosis)
        self.readLaunch(table, &diagnosis)
        self.readTexts(table, &diagnosis)
        self.readHosts(table, &diagnosis)
        self.readRestart(table, &diagnosis)
        self.readStop(table, &diagnosis)
        self.readLogs(table, &diagnosis)
        self.readQuorumLoss(table, &diagnosis)
        self.checkTexts(&diagnosis)
        self.isSound = diagnosis.count == before
    }

    private mutating func readLaunch(_ table: FieldTable, _ diagnosis: inout Diagnosis) {
        if let node = table[JobField.command.rawValue] {
            self.launch = Self.command(node, &diagnosis).map {
                Located(value: .command($0), position: node.position)
            }
        }
        guard let node = table[JobField.shell.rawValue] else { return }
        if table[JobField.command.rawValue] != nil {
            diagnosis.report(node.position, "a job has 'command' or 'shell', not both")
        }
        if let line = diagnosis.text(node, of: "shell") {
            self.launch = Located(value: .shell(line), position: node.position)
        }
    }

    private static func command(
        _ node: YAMLNode, _ diagnosis: inout Diagnosis
    ) -> [Located<String>]? {
        switch node.content {
        case .sequence(let items):
            guard !items.isEmpty, items.count <= Limits.argumentCount else {
                diagnosis.report(
                    node.position,
                    items.isEmpty
                        ? "'command' is empty"
                        : "'command' has more than \(Limits.argumentCount) words")
                return nil
            }
            let words = items.enumerated().map { index, item in
                diagnosis.text(item, of: "command[\(index)]")
            }
            return words.contains { $0 == nil } ? nil : words.compactMap(\.self)
        case .scalar(let text, _) where !node.isNull && !text.isEmpty:
            diagnosis.report(
                node.position,
                "'command' is a list of words, not one text; for a shell's line use 'shell'",
                didYouMean: Self.launchSuggestion(for: text))
            return nil
        case .scalar, .mapping:
            diagnosis.report(node.position, "'command' is a list of words, not \(node.kind)")
            return nil
        }
    }

    private static func launchSuggestion(for text: String) -> String? {
        guard text.utf8.count <= 60, !text.contains("\n") else { return nil }
        let special = text.utf8.contains { "|&;<>()$`\\\"'*?~[]{},#:".utf8.contains($0) }
        let words = text.split(separator: " ").joined(separator: ", ")
        return special ? "'shell: \(text)'" : "'command: [\(words)]'"
    }

    private mutating func readTexts(_ table: FieldTable, _ diagnosis: inout Diagnosis) {
        self.directory = table[JobField.directory.rawValue]
            .flatMap { diagnosis.text($0, of: "directory") }
        self.user = table[JobField.user.rawValue].flatMap { diagnosis.text($0, of: "user") }
        self.group = table[JobField.group.rawValue].flatMap { diagnosis.text($0, of: "group") }
        self.start = table[JobField.start.rawValue].flatMap {
            diagnosis.choice(
                $0, of: "start", among: StartMode.allCases.map { ($0.word, $0) })
        }
        guard let node = table[JobField.env.rawValue] else { return }
        for (name, value) in diagnosis.pairs(node, of: "env") {
            guard let text = diagnosis.text(value, of: name.value) else { continue }
            self.environment.append(Variable(name: name, value: text))
        }
    }

    private mutating func readHosts(_ table: FieldTable, _ diagnosis: inout Diagnosis) {
        guard let node = table[JobField.hosts.rawValue] else { return }
        let hosts = FieldTable(node, of: "hosts", known: ["require", "prefer"], &diagnosis)
        self.require = diagnosis.labels(hosts["require"], of: "require")
        self.prefer = diagnosis.labels(hosts["prefer"], of: "prefer")
    }

    private mutating func readRestart(_ table: FieldTable, _ diagnosis: inout Diagnosis) {
        guard let node = table[JobField.restart.rawValue] else { return }
        let words = RestartPolicy.Condition.allCases.map { ($0.word, $0) }
        if case .scalar = node.content {
            self.condition = diagnosis.choice(node, of: "restart", among: words)
            return
        }
        let restart = FieldTable(
            node, of: "restart", known: ["policy", "delay", "max_delay", "give_up"], &diagnosis)
        self.condition = restart["policy"]
            .flatMap { diagnosis.choice($0, of: "policy", among: words) }
        self.delay = restart["delay"].flatMap { diagnosis.duration($0, of: "delay") }
        self.maximumDelay = restart["max_delay"]
            .flatMap { diagnosis.duration($0, of: "max_delay") }
        if let delay = self.delay, let maximum = self.maximumDelay, delay.value > maximum.value {
            diagnosis.report(
                maximum.position,
                "'max_delay' is \(DurationText.format(maximum.value)), which is less than "
                    + "'delay', \(DurationText.format(delay.value))")
        }
        self.giveUp = restart["give_up"].flatMap { diagnosis.giveUp($0) }
    }

    private mutating func readStop(_ table: FieldTable, _ diagnosis: inout Diagnosis) {
        guard let node = table[JobField.stop.rawValue] else { return }
        let stop = FieldTable(node, of: "stop", known: ["signal", "grace"], &diagnosis)
        self.signal = stop["signal"].flatMap { diagnosis.signal($0, of: "signal") }
        self.grace = stop["grace"].flatMap { diagnosis.duration($0, of: "grace")?.value }
    }

    private mutating func readQuorumLoss(_ table: FieldTable, _ diagnosis: inout Diagnosis) {
        self.onQuorumLoss = table[JobField.onQuorumLoss.rawValue].flatMap {
            diagnosis.choice(
                $0, of: "on_quorum_loss", among: QuorumLossAction.allCases.map { ($0.word, $0) })
        }
        self.freezeLimit = table[JobField.freezeLimit.rawValue].flatMap { node in
            guard let text = diagnosis.text(node, of: "freeze_limit") else { return nil }
            if text.value == "never" { return .never }
            return diagnosis.duration(
                text, of: "freeze_limit", in: .milliseconds(1)...Limits.jobDuration
            ).map { .value($0) }
        }
    }

    private mutating func readLogs(_ table: FieldTable, _ diagnosis: inout Diagnosis) {
        guard let node = table[JobField.logs.rawValue] else { return }
        let logs = FieldTable(node, of: "logs", known: ["to", "size", "count"], &diagnosis)
        if let target = logs["to"].flatMap({ diagnosis.text($0, of: "to") }) {
            if target.value == "journal" {
                diagnosis.report(
                    target.position, "'journal' is not supported by this version; use 'file'")
            } else if target.value != "file" {
                diagnosis.report(
                    target.position, "'to' is \(quoted(target.value)), which is not one of file")
            }
        }
        self.fileBytes = logs["size"]
            .flatMap { diagnosis.size($0, of: "size", in: LogPolicy.fileByteRange) }
        self.fileCount = logs["count"]
            .flatMap { diagnosis.integer($0, of: "count", in: 1...100) }
            .map { UInt32($0) }
    }
}

extension LogPolicy {
    /// Below a page, rotation would be all that happens.
    static let fileByteRange: ClosedRange<UInt64> = (4 << 10)...(1 << 40)
}
