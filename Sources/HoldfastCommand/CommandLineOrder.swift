/// `holdfast --socket PATH status` for `holdfast status --socket PATH`: people write both.
package enum CommandLineOrder {
    /// Moves a `--socket` that stands before the command behind the command's name.
    ///
    /// - Parameter arguments: Without the program's own name.
    /// - Returns: The same, where there is nothing to move.
    package static func withSocketLast(_ arguments: [String]) -> [String] {
        let moved: Int
        switch arguments.first {
        case "--socket"?: moved = 2
        case let first? where first.hasPrefix("--socket="): moved = 1
        default: return arguments
        }
        guard arguments.count > moved, !arguments[moved].hasPrefix("-") else { return arguments }
        return [arguments[moved]] + arguments[..<moved] + arguments[(moved + 1)...]
    }
}
