/// Reads events from a stream of server-sent events, however its bytes are cut.
///
/// Of the format only what the server writes matters: `data:` lines and the empty line that ends
/// an event; everything else is passed over, as the specification asks.
///
/// Source: WHATWG HTML, "Server-sent events", section 9.2.6.
package struct EventStreamReader: Sendable {
    package static let lineBytes = 1024 * 1024

    private var line: [UInt8] = []
    private var data: [UInt8] = []

    package init() {}

    /// - Throws: `UnreadableJSON` for a line beyond its bound or an event that is none.
    package mutating func feed(
        _ bytes: some Sequence<UInt8>
    ) throws(UnreadableJSON) -> [EventDocument] {
        var events: [EventDocument] = []
        for byte in bytes {
            guard byte == UInt8(ascii: "\n") else {
                guard self.line.count < Self.lineBytes else {
                    throw UnreadableJSON(place: "", reason: "an event is too long")
                }
                self.line.append(byte)
                continue
            }
            if let event = try self.endLine() { events.append(event) }
        }
        return events
    }

    private mutating func endLine() throws(UnreadableJSON) -> EventDocument? {
        defer { self.line.removeAll(keepingCapacity: true) }
        guard self.line.isEmpty else {
            let field = Array("data:".utf8)
            if self.line.starts(with: field) { self.data += self.line.dropFirst(field.count) }
            guard self.data.count <= Self.lineBytes else {
                throw UnreadableJSON(place: "", reason: "an event is too long")
            }
            return nil
        }
        guard !self.data.isEmpty else { return nil }
        defer { self.data.removeAll(keepingCapacity: true) }
        return try JSONText.decode(EventDocument.self, from: self.data)
    }
}
