internal import HoldfastCore
internal import HoldfastJobs

/// The state of reading one jobs file.
struct JobsFileReader {
    private struct Block {
        var key: Key
        var position: SourcePosition
        var body: YAMLNode
    }

    private(set) var jobs: [JobsFile.Declaration] = []
    private(set) var notes: [Problem] = []
    private var defaults = JobFields()
    /// By name, which ends in `@`.
    private var templates: [String: JobFields] = [:]
    private var commandBytes = 0

    mutating func read(_ bytes: [UInt8], _ diagnosis: inout Diagnosis) {
        guard let root = YAMLReader.read(bytes, beginsWith: "version: 1", &diagnosis) else {
            return
        }
        guard case .mapping = root.content else {
            diagnosis.report(
                root.position, "a jobs file is a mapping that begins with 'version: 1'")
            return
        }
        let table = FieldTable(
            root, of: "a jobs file", known: ["version", "defaults", "jobs"], &diagnosis)
        guard Self.checkVersion(table["version"], root: root, &diagnosis) else { return }
        if let node = table["defaults"] {
            self.defaults = JobFields(node, of: "defaults", &diagnosis)
        }
        guard let node = table["jobs"] else {
            if table.isSound {
                diagnosis.report(root.position, "'jobs' is missing: the file declares nothing")
            }
            return
        }
        self.readJobs(node, &diagnosis)
    }

    /// Returns whether the rest can be understood.
    private static func checkVersion(
        _ node: YAMLNode?, root: YAMLNode, _ diagnosis: inout Diagnosis
    ) -> Bool {
        guard let node else {
            diagnosis.report(
                root.position, "'version' is missing; the file begins with 'version: 1'")
            return true
        }
        guard let text = diagnosis.text(node, of: "version"), text.value != "1" else { return true }
        diagnosis.report(
            node.position,
            "version \(quoted(text.value)) is not known here; this program reads version 1")
        return Int(text.value) == nil
    }

    private mutating func readJobs(_ node: YAMLNode, _ diagnosis: inout Diagnosis) {
        if node.isNull {
            diagnosis.report(node.position, "'jobs' is empty; to declare none, write 'jobs: {}'")
            return
        }
        let pairs = diagnosis.pairs(node, of: "jobs")
        guard pairs.count <= Limits.jobsPerFile else {
            diagnosis.report(node.position, "more than \(Limits.jobsPerFile) jobs in one file")
            return
        }
        var blocks: [Block] = []
        for (name, body) in pairs {
            do throws(InvalidName) {
                blocks.append(
                    Block(key: try Key(name.value), position: name.position, body: body))
            } catch {
                diagnosis.report(name.position, "\(quoted(name.value)) is no key: \(error.reason)")
            }
        }
        self.readTemplates(blocks, &diagnosis)
        for block in blocks where self.templates[block.key.text] == nil {
            self.declare(block, &diagnosis)
        }
    }

    private mutating func readTemplates(_ blocks: [Block], _ diagnosis: inout Diagnosis) {
        var names: [(name: String, position: SourcePosition)] = []
        var used: Set<String> = []
        for block in blocks {
            guard let (template, instance) = JobFields.templateName(of: block.key.text) else {
                continue
            }
            if instance.isEmpty {
                self.templates[template] = JobFields(block.body, of: "a job", &diagnosis)
                names.append((template, block.position))
            } else {
                used.insert(template)
            }
        }
        for (name, position) in names where !used.contains(name) {
            self.notes.append(
                diagnosis.problem(
                    at: position,
                    "the template \(quoted(name)) has no instance such as '\(name)1', "
                        + "so nothing will run"))
        }
    }

    private mutating func declare(_ block: Block, _ diagnosis: inout Diagnosis) {
        var fields = JobFields(block.body, of: "a job", &diagnosis)
        if let (name, instance) = JobFields.templateName(of: block.key.text),
            let template = self.templates[name]
        {
            fields = fields.over(template).instantiated(instance)
            if fields.isSound {
                let before = diagnosis.count
                fields.checkTexts(&diagnosis)
                fields.isSound = diagnosis.count == before
            }
        }
        fields = fields.over(self.defaults)
        guard let spec = fields.completed(at: block.position, &diagnosis) else { return }
        let bytes = spec.commandBytes
        guard self.commandBytes <= Limits.jobsFileCommandBytes else { return }
        self.commandBytes += bytes
        guard self.commandBytes <= Limits.jobsFileCommandBytes else {
            diagnosis.report(
                block.position,
                "written out, the commands up to here have more than "
                    + "\(Limits.jobsFileCommandBytes / 1_048_576) MiB")
            self.jobs = []
            return
        }
        self.jobs.append(
            JobsFile.Declaration(
                key: block.key, spec: spec, position: block.position, places: fields.places))
    }
}

extension JobFields {
    /// Where those fields stand that a machine can disagree with.
    fileprivate var places: [JobField: SourcePosition] {
        var result: [JobField: SourcePosition] = [:]
        switch self.launch?.value {
        case .command(let words)?: result[.command] = words[0].position
        case .shell(let line)?: result[.shell] = line.position
        case nil: break
        }
        result[.directory] = self.directory?.position
        result[.user] = self.user?.position
        result[.group] = self.group?.position
        return result
    }
}
