/// One value of a YAML or JSON text, and where it stands.
///
/// Nothing is interpreted yet: `5` is a text until a field wants a number.
struct YAMLNode: Sendable {
    enum Content: Sendable {
        /// `isText`: written in quotes or as a block, so never a null.
        case scalar(String, isText: Bool)
        case sequence([YAMLNode])
        case mapping([Pair])
    }

    struct Pair: Sendable {
        var key: YAMLNode
        var value: YAMLNode
    }

    var content: Content
    var position: SourcePosition

    init(_ content: Content, at position: SourcePosition) {
        self.content = content
        self.position = position
    }

    var isNull: Bool {
        guard case .scalar(let text, isText: false) = self.content else { return false }
        return ["", "~", "null", "Null", "NULL"].contains(text)
    }

    /// How to name this kind of value in a message.
    var kind: String {
        switch self.content {
        case .scalar: self.isNull ? "nothing" : "a single value"
        case .sequence: "a list"
        case .mapping: "a mapping"
        }
    }
}
