internal import HoldfastAPI
internal import HoldfastCore

extension Output {
    /// Prints a document as JSON: over several lines, or with `isLine` on one.
    static func json(_ document: some Encodable, isLine: Bool = false) throws(CommandFailure) {
        do {
            Self.write(try JSONText.encode(document, pretty: !isLine) + Array("\n".utf8))
        } catch {
            throw CommandFailure(
                what: "cannot write the answer as JSON", why: error.description,
                next: "report this as a defect", exitStatus: .software)
        }
    }
}
