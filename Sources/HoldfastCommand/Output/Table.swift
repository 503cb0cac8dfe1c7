/// Text in aligned columns: two spaces between them, none at the end of a line.
///
/// Columns at the right in which no row has anything are left out.
package struct Table: Sendable {
    package struct Cell: Sendable, ExpressibleByStringLiteral {
        var text: String
        var colour: Style.Colour?

        package init(_ text: String, _ colour: Style.Colour? = nil) {
            self.text = Printable.text(text)
            self.colour = colour
        }

        package init(stringLiteral text: String) {
            self.init(text)
        }
    }

    private let titles: [String]
    private let rightAligned: Set<String>
    private var rows: [[Cell]] = []

    /// - Parameters:
    ///   - titles: One for each column.
    ///   - rightAligned: Those that hold numbers.
    package init(_ titles: [String], rightAligned: Set<String> = []) {
        self.titles = titles
        self.rightAligned = rightAligned
    }

    /// Adds a row; cells that are missing at its end are empty.
    package mutating func add(_ row: [Cell]) {
        self.rows.append(row)
    }

    package func lines(_ style: Style) -> [String] {
        // Titles of columns at the end that hold nothing would only be in the way.
        let filled = self.rows.compactMap { row in row.lastIndex { !$0.text.isEmpty } }.max() ?? 0
        let head = self.titles.prefix(filled + 1).map { Cell($0, .quiet) }
        let all = [head] + self.rows
        var widths = [Int](repeating: 0, count: self.titles.count)
        for row in all {
            for (column, cell) in row.enumerated().prefix(widths.count) {
                widths[column] = max(widths[column], cell.text.count)
            }
        }
        return all.map { row in
            let last = row.lastIndex { !$0.text.isEmpty } ?? -1
            return row.prefix(last + 1).enumerated().map { column, cell in
                self.padded(
                    cell, to: widths[column], column: column, isLast: column == last, style)
            }.joined(separator: "  ")
        }
    }

    private func padded(
        _ cell: Cell, to width: Int, column: Int, isLast: Bool, _ style: Style
    ) -> String {
        let text = style.paint(cell.text, cell.colour)
        let space = String(repeating: " ", count: width - cell.text.count)
        if self.rightAligned.contains(self.titles[column]) { return space + text }
        return isLast ? text : text + space
    }
}
