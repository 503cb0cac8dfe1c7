/// One mistake in a file, for whoever wrote it.
package struct Problem: Hashable, Comparable, Sendable, CustomStringConvertible {
    package var file: String
    package var line: Int
    package var column: Int
    package var message: String
    /// What was probably meant.
    package var suggestion: String?

    package init(
        file: String, line: Int, column: Int, message: String, suggestion: String? = nil
    ) {
        self.file = file
        self.line = line
        self.column = column
        self.message = message
        self.suggestion = suggestion
    }

    package static func < (left: Self, right: Self) -> Bool {
        (left.line, left.column, left.message) < (right.line, right.column, right.message)
    }

    /// `file:line:column: what (did you mean …?)`.
    package var description: String {
        "\(self.file):\(self.line):\(self.column): \(self.whatAndSuggestion)"
    }

    /// The message without its place, for texts that have no lines.
    var whatAndSuggestion: String {
        self.message + (self.suggestion.map { " (did you mean \($0)?)" } ?? "")
    }
}
