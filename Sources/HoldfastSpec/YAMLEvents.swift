internal import CYAML

/// What libyaml says next about a text.
struct YAMLEvent {
    enum Kind {
        case streamStart, streamEnd, documentStart, documentEnd
        case sequenceEnd, mappingEnd
        case alias(String)
        case scalar(String, isText: Bool, YAMLProperties)
        case sequenceStart(YAMLProperties)
        case mappingStart(YAMLProperties)
    }

    var kind: Kind
    var position: SourcePosition
}

/// What may stand before a value: `&anchor` and `!tag`.
struct YAMLProperties {
    var anchor: String?
    var tag: String?
}

/// The one mistake after which a text cannot be read further.
struct YAMLFault: Error {
    var position: SourcePosition
    var message: String
}

/// libyaml's event parser over a text in memory.
///
/// The buffer given must outlive this value. Events are copied into Swift values at once.
struct YAMLEvents: ~Copyable {
    private let parser: UnsafeMutablePointer<yaml_parser_t>
    private let bytes: UnsafeBufferPointer<UInt8>

    init(_ bytes: UnsafeBufferPointer<UInt8>) throws(YAMLFault) {
        self.bytes = bytes
        self.parser = .allocate(capacity: 1)
        guard yaml_parser_initialize(self.parser) == 1 else {
            self.parser.initialize(to: yaml_parser_t())
            throw Self.outOfMemory
        }
        yaml_parser_set_encoding(self.parser, YAML_UTF8_ENCODING)
        yaml_parser_set_input_string(self.parser, bytes.baseAddress, bytes.count)
    }

    deinit {
        yaml_parser_delete(self.parser)
        self.parser.deallocate()
    }

    mutating func next() throws(YAMLFault) -> YAMLEvent {
        var event = yaml_event_t()
        guard yaml_parser_parse(self.parser, &event) == 1 else { throw self.fault() }
        defer { yaml_event_delete(&event) }
        return YAMLEvent(kind: Self.kind(of: event), position: Self.position(event.start_mark))
    }

    private static func kind(of event: yaml_event_t) -> YAMLEvent.Kind {
        switch event.type {
        case YAML_ALIAS_EVENT:
            return .alias(Self.string(event.data.alias.anchor) ?? "")
        case YAML_SCALAR_EVENT:
            let scalar = event.data.scalar
            let text = String(
                decoding: UnsafeBufferPointer(start: scalar.value, count: scalar.length),
                as: UTF8.self)
            return .scalar(
                text, isText: scalar.style != YAML_PLAIN_SCALAR_STYLE,
                YAMLProperties(anchor: Self.string(scalar.anchor), tag: Self.string(scalar.tag)))
        case YAML_SEQUENCE_START_EVENT:
            let start = event.data.sequence_start
            return .sequenceStart(
                YAMLProperties(anchor: Self.string(start.anchor), tag: Self.string(start.tag)))
        case YAML_MAPPING_START_EVENT:
            let start = event.data.mapping_start
            return .mappingStart(
                YAMLProperties(anchor: Self.string(start.anchor), tag: Self.string(start.tag)))
        case YAML_SEQUENCE_END_EVENT: return .sequenceEnd
        case YAML_MAPPING_END_EVENT: return .mappingEnd
        case YAML_STREAM_START_EVENT: return .streamStart
        case YAML_DOCUMENT_START_EVENT: return .documentStart
        case YAML_DOCUMENT_END_EVENT: return .documentEnd
        // YAML_NO_EVENT is what libyaml gives after the end of the stream.
        default: return .streamEnd
        }
    }

    private static func string(_ pointer: UnsafeMutablePointer<UInt8>?) -> String? {
        pointer.map { String(decodingCString: $0, as: UTF8.self) }
    }

    private static func position(_ mark: yaml_mark_t) -> SourcePosition {
        SourcePosition(line: Int(mark.line) + 1, column: Int(mark.column) + 1)
    }

    private static let outOfMemory = YAMLFault(
        position: SourcePosition(line: 1, column: 1), message: "not read: out of memory")

    private func fault() -> YAMLFault {
        let problem = self.parser.pointee.problem.map { String(cString: $0) } ?? "unknown mistake"
        switch self.parser.pointee.error {
        case YAML_MEMORY_ERROR:
            return Self.outOfMemory
        case YAML_READER_ERROR:
            return YAMLFault(
                position: self.position(ofByte: Int(self.parser.pointee.problem_offset)),
                message: "not YAML: \(problem)")
        default:
            let position = Self.position(self.parser.pointee.problem_mark)
            if self.byte(at: position) == 0x09 {
                return YAMLFault(
                    position: position,
                    message: "a tab cannot stand here: YAML is indented with spaces")
            }
            return YAMLFault(position: position, message: "not YAML: \(problem)\(self.context())")
        }
    }

    private func context() -> String {
        guard let context = self.parser.pointee.context else { return "" }
        let line = self.parser.pointee.context_mark.line + 1
        return ", \(String(cString: context)) that begins at line \(line)"
    }

    /// The place of a byte, counted as libyaml counts lines and columns.
    private func position(ofByte offset: Int) -> SourcePosition {
        let before = self.bytes.prefix(offset)
        let lineStart = before.lastIndex(of: 0x0A).map { $0 + 1 } ?? 0
        let column = before[lineStart...].count { $0 & 0xC0 != 0x80 }
        return SourcePosition(line: before.count { $0 == 0x0A } + 1, column: column + 1)
    }

    private func byte(at position: SourcePosition) -> UInt8? {
        var line = 1
        var column = 1
        for byte in self.bytes where byte & 0xC0 != 0x80 {
            if line == position.line, column == position.column { return byte }
            if line > position.line { return nil }
            (line, column) = byte == 0x0A ? (line + 1, 1) : (line, column + 1)
        }
        return nil
    }
}
