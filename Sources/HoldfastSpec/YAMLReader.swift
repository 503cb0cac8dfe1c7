internal import HoldfastCore

/// Reads a text into one tree, within bounds: of size, of depth, and of what aliases add.
struct YAMLReader {
    /// A tree with what it would weigh if its aliases were written out.
    private struct Measured {
        var node: YAMLNode
        var bytes: Int
        var height: Int
    }

    private var anchors: [String: Measured] = [:]
    private var aliasBytes = 0

    /// The tree of a text; `nil` when there is none, which is then reported.
    ///
    /// `purpose` is what a file of this kind begins with, for the message about an empty one.
    static func read(
        _ bytes: [UInt8], beginsWith purpose: String, _ diagnosis: inout Diagnosis
    ) -> YAMLNode? {
        do throws(YAMLFault) {
            try Self.checkBytes(bytes)
            return try Self.parse(bytes, beginsWith: purpose)
        } catch {
            diagnosis.report(error.position, error.message)
            return nil
        }
    }

    private static func checkBytes(_ bytes: [UInt8]) throws(YAMLFault) {
        let start = SourcePosition(line: 1, column: 1)
        guard bytes.count <= Limits.specFileBytes else {
            throw YAMLFault(
                position: start,
                message: "the file has more than \(Limits.specFileBytes / 1_048_576) MiB")
        }
        var position = start
        var directives = 0
        var parser = Unicode.UTF8.ForwardParser()
        var iterator = bytes.makeIterator()
        while true {
            switch parser.parseScalar(from: &iterator) {
            case .emptyInput: return
            case .error: throw YAMLFault(position: position, message: "not UTF-8")
            case .valid(let scalar):
                if position.column == 1, scalar.first == 0x25 { directives += 1 }
                position.column += 1
                if scalar.first == 0x0A {
                    position = SourcePosition(line: position.line + 1, column: 1)
                }
            }
            guard directives <= Limits.yamlDirectiveCount else {
                throw YAMLFault(position: position, message: "too many lines that begin with '%'")
            }
        }
    }

    private static func parse(
        _ bytes: [UInt8], beginsWith purpose: String
    ) throws(YAMLFault) -> YAMLNode {
        // The closure's result carries the fault: `withUnsafeBufferPointer` and typed throws do
        // not mix in a way that keeps the type.
        let result = bytes.withUnsafeBufferPointer { buffer in
            Result<YAMLNode, YAMLFault> { () throws(YAMLFault) -> YAMLNode in
                var events = try YAMLEvents(buffer)
                var reader = Self()
                return try reader.document(&events, beginsWith: purpose)
            }
        }
        return try result.get()
    }

    private mutating func document(
        _ events: inout YAMLEvents, beginsWith purpose: String
    ) throws(YAMLFault) -> YAMLNode {
        _ = try events.next()
        guard case .documentStart = try events.next().kind else {
            throw YAMLFault(
                position: SourcePosition(line: 1, column: 1),
                message: "the file is empty; it begins with '\(purpose)'")
        }
        let root = try self.node(events.next(), &events, depth: 0)
        _ = try events.next()
        let end = try events.next()
        guard case .streamEnd = end.kind else {
            throw YAMLFault(
                position: end.position,
                message: "a second document begins here; a file has only one")
        }
        return root.node
    }

    private mutating func node(
        _ event: YAMLEvent, _ events: inout YAMLEvents, depth: Int
    ) throws(YAMLFault) -> Measured {
        switch event.kind {
        case .alias(let name):
            return try self.expand(name, at: event.position, depth: depth)
        case .scalar(let text, let isText, let properties):
            let node = YAMLNode(.scalar(text, isText: isText), at: event.position)
            return try self.keep(
                Measured(node: node, bytes: text.utf8.count + 1, height: 0), properties)
        case .sequenceStart(let properties):
            let list = try self.sequence(event.position, &events, depth: depth + 1)
            return try self.keep(list, properties)
        case .mappingStart(let properties):
            let mapping = try self.mapping(event.position, &events, depth: depth + 1)
            return try self.keep(mapping, properties)
        case .streamStart, .streamEnd, .documentStart, .documentEnd, .sequenceEnd, .mappingEnd:
            throw YAMLFault(position: event.position, message: "not YAML: a value is missing")
        }
    }

    private mutating func sequence(
        _ start: SourcePosition, _ events: inout YAMLEvents, depth: Int
    ) throws(YAMLFault) -> Measured {
        try Self.checkDepth(depth, at: start)
        var (items, bytes, height): ([YAMLNode], Int, Int) = ([], 1, 0)
        while true {
            let event = try events.next()
            if case .sequenceEnd = event.kind { break }
            let item = try self.node(event, &events, depth: depth)
            items.append(item.node)
            bytes += item.bytes
            height = max(height, item.height)
        }
        return Measured(
            node: YAMLNode(.sequence(items), at: start), bytes: bytes, height: height + 1)
    }

    private mutating func mapping(
        _ start: SourcePosition, _ events: inout YAMLEvents, depth: Int
    ) throws(YAMLFault) -> Measured {
        try Self.checkDepth(depth, at: start)
        var (pairs, bytes, height): ([YAMLNode.Pair], Int, Int) = ([], 1, 0)
        while true {
            let event = try events.next()
            if case .mappingEnd = event.kind { break }
            let key = try self.node(event, &events, depth: depth)
            let value = try self.node(events.next(), &events, depth: depth)
            pairs.append(YAMLNode.Pair(key: key.node, value: value.node))
            bytes += key.bytes + value.bytes
            height = max(height, key.height, value.height)
        }
        return Measured(
            node: YAMLNode(.mapping(pairs), at: start), bytes: bytes, height: height + 1)
    }

    private mutating func keep(
        _ measured: Measured, _ properties: YAMLProperties
    ) throws(YAMLFault) -> Measured {
        // "!" alone only says that a quoted text is a text.
        if let tag = properties.tag, tag != "!" {
            throw YAMLFault(
                position: measured.node.position,
                message: "a tag such as \(quoted(tag)) has no use here")
        }
        if let anchor = properties.anchor { self.anchors[anchor] = measured }
        return measured
    }

    private mutating func expand(
        _ name: String, at position: SourcePosition, depth: Int
    ) throws(YAMLFault) -> Measured {
        guard let target = self.anchors[name] else {
            throw YAMLFault(
                position: position, message: "no anchor '&\(name)' stands before this alias")
        }
        try Self.checkDepth(depth + target.height, at: position)
        self.aliasBytes += target.bytes
        guard self.aliasBytes <= Limits.yamlAliasBytes else {
            throw YAMLFault(
                position: position,
                message: "written out, the aliases up to here have more than "
                    + "\(Limits.yamlAliasBytes / 1_048_576) MiB")
        }
        return target
    }

    private static func checkDepth(_ depth: Int, at position: SourcePosition) throws(YAMLFault) {
        guard depth <= Limits.yamlDepth else {
            throw YAMLFault(
                position: position,
                message: "more than \(Limits.yamlDepth) lists and mappings within each other")
        }
    }
}
