/// A place in a text; both numbers begin with 1, and a column is one Unicode scalar.
package struct SourcePosition: Hashable, Comparable, Sendable {
    package var line: Int
    package var column: Int

    package init(line: Int, column: Int) {
        self.line = line
        self.column = column
    }

    package static func < (left: Self, right: Self) -> Bool {
        (left.line, left.column) < (right.line, right.column)
    }
}

/// A value, and where it was written.
struct Located<Value: Sendable>: Sendable {
    var value: Value
    var position: SourcePosition
}
