internal import HoldfastCore

extension JobDocument: Codable {
    package init(from decoder: any Decoder) throws {
        var builder = TreeBuilder()
        let root = try builder.node(decoder, path: "", depth: 0)
        self.init(root: root, paths: builder.paths)
    }

    package func encode(to encoder: any Encoder) throws {
        try Self.encode(self.root, to: encoder)
    }

    private static func encode(_ node: YAMLNode, to encoder: any Encoder) throws {
        switch node.content {
        case .scalar(let text, let isText):
            var container = encoder.singleValueContainer()
            if node.isNull {
                try container.encodeNil()
            } else if !isText, let number = Int64(text) {
                try container.encode(number)
            } else if !isText, let truth = Bool(text) {
                try container.encode(truth)
            } else {
                try container.encode(text)
            }
        case .sequence(let items):
            var container = encoder.unkeyedContainer()
            for item in items { try Self.encode(item, to: container.superEncoder()) }
        case .mapping(let pairs):
            var container = encoder.container(keyedBy: FieldName.self)
            for pair in pairs {
                guard case .scalar(let name, _) = pair.key.content else { continue }
                try Self.encode(
                    pair.value, to: container.superEncoder(forKey: FieldName(stringValue: name)))
            }
        }
    }
}

/// Any name of a JSON object's field.
private struct FieldName: CodingKey {
    let stringValue: String
    var intValue: Int? { nil }

    init(stringValue: String) {
        self.stringValue = stringValue
    }

    init?(intValue: Int) { nil }
}

/// Turns whatever a decoder holds into a tree, and numbers its values.
private struct TreeBuilder {
    private(set) var paths: [String] = []

    mutating func node(_ decoder: any Decoder, path: String, depth: Int) throws -> YAMLNode {
        let position = try self.position(of: path, depth: depth, decoder)
        if let object = try? decoder.container(keyedBy: FieldName.self) {
            return YAMLNode(
                .mapping(try self.pairs(object, path: path, depth: depth)), at: position)
        }
        if var list = try? decoder.unkeyedContainer() {
            var items: [YAMLNode] = []
            while !list.isAtEnd {
                let place = "\(path)[\(items.count)]"
                items.append(try self.node(list.superDecoder(), path: place, depth: depth + 1))
            }
            return YAMLNode(.sequence(items), at: position)
        }
        return YAMLNode(try Self.scalar(decoder.singleValueContainer()), at: position)
    }

    private mutating func pairs(
        _ object: KeyedDecodingContainer<FieldName>, path: String, depth: Int
    ) throws -> [YAMLNode.Pair] {
        var pairs: [YAMLNode.Pair] = []
        // A decoder promises no order; ours must not depend on it.
        for key in object.allKeys.sorted(by: { $0.stringValue < $1.stringValue }) {
            let place = path.isEmpty ? key.stringValue : "\(path).\(key.stringValue)"
            let value = try self.node(
                object.superDecoder(forKey: key), path: place, depth: depth + 1)
            pairs.append(
                YAMLNode.Pair(
                    key: YAMLNode(.scalar(key.stringValue, isText: true), at: value.position),
                    value: value))
        }
        return pairs
    }

    private static func scalar(
        _ value: any SingleValueDecodingContainer
    ) throws -> YAMLNode.Content {
        if value.decodeNil() { return .scalar("null", isText: false) }
        if let text = try? value.decode(String.self) { return .scalar(text, isText: true) }
        if let truth = try? value.decode(Bool.self) { return .scalar("\(truth)", isText: false) }
        if let number = try? value.decode(Int64.self) { return .scalar("\(number)", isText: false) }
        return .scalar("\(try value.decode(Double.self))", isText: false)
    }

    private mutating func position(
        of path: String, depth: Int, _ decoder: any Decoder
    ) throws -> SourcePosition {
        guard depth <= Limits.yamlDepth, self.paths.count < Limits.documentValueCount else {
            throw DecodingError.dataCorrupted(
                DecodingError.Context(
                    codingPath: decoder.codingPath,
                    debugDescription: "a job has at most \(Limits.documentValueCount) values, "
                        + "at most \(Limits.yamlDepth) within each other"))
        }
        self.paths.append(path)
        return SourcePosition(line: 0, column: self.paths.count - 1)
    }
}
