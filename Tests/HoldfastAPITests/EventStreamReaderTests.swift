import HoldfastAPI
import Testing

@Suite("Event stream reader")
struct EventStreamReaderTests {
    static let event = EventDocument(index: 1, at: "now", kind: "test", text: "ä\nb")

    static func stream() throws -> [UInt8] {
        Array(": comment\n\nid: 1\ndata: ".utf8) + (try JSONText.encode(Self.event))
            + Array("\n\n".utf8)
    }

    @Test("an event is read wherever its bytes are cut")
    func cuts() throws {
        let bytes = try Self.stream() + Self.stream()
        for cut in 0...bytes.count {
            var reader = EventStreamReader()
            let events = try reader.feed(bytes[..<cut]) + reader.feed(bytes[cut...])
            #expect(events == [Self.event, Self.event], "cut at \(cut)")
        }
    }

    @Test("an event that is none, or without end, is an error")
    func garbage() throws {
        var reader = EventStreamReader()
        #expect(throws: UnreadableJSON.self) { try reader.feed(Array("data: {}\n\n".utf8)) }
        var endless = EventStreamReader()
        let bytes = [UInt8](repeating: 0x61, count: EventStreamReader.lineBytes + 1)
        #expect(throws: UnreadableJSON.self) { try endless.feed(bytes) }
    }
}
