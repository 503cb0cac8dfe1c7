internal import FoundationEssentials

/// Documents as JSON: keys sorted, so that equal documents are equal texts.
package enum JSONText {
    /// - Throws: Only for a number that JSON can't hold, such as infinity.
    package static func encode(
        _ document: some Encodable, pretty: Bool = false
    ) throws(UnreadableJSON) -> [UInt8] {
        let encoder = JSONEncoder()
        encoder.outputFormatting = [.sortedKeys, .withoutEscapingSlashes]
        if pretty { encoder.outputFormatting.insert(.prettyPrinted) }
        do {
            return Array(try encoder.encode(document))
        } catch {
            throw UnreadableJSON(place: "", reason: "\(error)")
        }
    }

    /// Fields that this version doesn't know are passed over.
    package static func decode<Document: Decodable>(
        _ type: Document.Type, from bytes: some Sequence<UInt8>
    ) throws(UnreadableJSON) -> Document {
        let bytes = Array(bytes)
        do {
            return try JSONDecoder().decode(type, from: Data(bytes))
        } catch let error as DecodingError {
            // The decoder is lenient, and stops at the first thing it minds.
            if let place = JSONSyntax.firstMistake(in: bytes) {
                throw UnreadableJSON(place: place, reason: "this is not JSON")
            }
            throw UnreadableJSON(error)
        } catch {
            throw UnreadableJSON(place: "", reason: "\(error)")
        }
    }
}

/// Why a text is not the JSON that was expected, and where.
package struct UnreadableJSON: Error, Hashable, CustomStringConvertible {
    /// A path such as `jobs[3].job.stop`; empty for the whole text.
    package var place: String
    package var reason: String

    package init(place: String, reason: String) {
        self.place = place
        self.reason = reason
    }

    package var description: String {
        self.place.isEmpty ? self.reason : "\(self.place): \(self.reason)"
    }

    init(_ error: DecodingError) {
        switch error {
        case .typeMismatch(_, let context), .valueNotFound(_, let context):
            self.init(place: Self.path(context.codingPath), reason: context.debugDescription)
        case .keyNotFound(let key, let context):
            self.init(
                place: Self.path(context.codingPath), reason: "'\(key.stringValue)' is missing")
        case .dataCorrupted(let context):
            self.init(place: Self.path(context.codingPath), reason: context.debugDescription)
        @unknown default:
            self.init(place: "", reason: "\(error)")
        }
    }

    private static func path(_ keys: [any CodingKey]) -> String {
        var path = ""
        for key in keys {
            if let index = key.intValue {
                path += "[\(index)]"
            } else {
                path += path.isEmpty ? key.stringValue : ".\(key.stringValue)"
            }
        }
        return path
    }
}
