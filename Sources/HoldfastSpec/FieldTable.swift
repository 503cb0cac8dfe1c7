/// The fields of one mapping, each known and each given once; everything else is reported.
struct FieldTable {
    private var values: [String: YAMLNode] = [:]
    /// False when something in the mapping itself was wrong.
    private(set) var isSound = true

    /// Takes `node` apart, which should be a mapping; nothing at all counts as an empty one.
    ///
    /// `subject` says what it is, for messages: "a job". `refused` are fields that we have heard
    /// of, and why they are not right here.
    init(
        _ node: YAMLNode, of subject: String, known: [String],
        refused: [String: FieldRefusal] = [:], _ diagnosis: inout Diagnosis
    ) {
        guard !node.isNull else { return }
        guard case .mapping(let pairs) = node.content else {
            diagnosis.report(node.position, "\(subject) is a mapping, not \(node.kind)")
            self.isSound = false
            return
        }
        for pair in pairs {
            let before = diagnosis.count
            self.take(pair, of: subject, known: known, refused: refused, &diagnosis)
            if diagnosis.count > before { self.isSound = false }
        }
    }

    subscript(name: String) -> YAMLNode? { self.values[name] }

    private mutating func take(
        _ pair: YAMLNode.Pair, of subject: String, known: [String],
        refused: [String: FieldRefusal], _ diagnosis: inout Diagnosis
    ) {
        let position = pair.key.position
        guard let name = diagnosis.name(pair.key) else { return }
        if known.contains(name) {
            if self.values.updateValue(pair.value, forKey: name) != nil {
                diagnosis.report(position, "\(quoted(name)) is given twice")
            }
            return
        }
        switch refused[name] {
        case .unsupported?:
            diagnosis.report(position, "\(quoted(name)) is not supported by this version")
        case .belongs(under: let parent)?:
            diagnosis.report(position, "\(quoted(name)) belongs under '\(parent)'")
        case .means(let other)?:
            diagnosis.report(
                position, "unknown field \(quoted(name)) in \(subject)", didYouMean: "'\(other)'")
        case nil:
            let candidates = known + refused.keys.sorted()
            let nearest = Suggestion.nearest(to: name, among: candidates)
            diagnosis.report(
                position, "unknown field \(quoted(name)) in \(subject)",
                didYouMean: nearest.map { "'\($0)'" })
        }
    }
}

/// Why a field that we have heard of cannot stand where it stands.
enum FieldRefusal {
    /// The design names it, this version does not have it.
    case unsupported
    case belongs(under: String)
    /// Other programs call it so; ours is named otherwise.
    case means(String)
}
