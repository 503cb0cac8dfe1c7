internal import HoldfastCore

/// Collects what is wrong with one file, so that all of it is said at once.
struct Diagnosis {
    let file: String
    private var found: [Problem] = []
    private var leftOut = 0

    init(file: String) {
        self.file = file
    }

    var count: Int { self.found.count + self.leftOut }

    mutating func report(
        _ position: SourcePosition, _ message: String, didYouMean suggestion: String? = nil
    ) {
        guard self.found.count < Limits.problemCount else {
            self.leftOut += 1
            return
        }
        self.found.append(self.problem(at: position, message, didYouMean: suggestion))
    }

    func problem(
        at position: SourcePosition, _ message: String, didYouMean suggestion: String? = nil
    ) -> Problem {
        Problem(
            file: self.file, line: position.line, column: position.column, message: message,
            suggestion: suggestion)
    }

    /// Everything reported, in the order of the file, each once.
    ///
    /// Several jobs can share one mistake, through an alias or a template.
    func problems() -> [Problem] {
        var result: [Problem] = []
        for problem in self.found.sorted() where problem != result.last {
            result.append(problem)
        }
        if self.leftOut > 0, let last = result.last {
            result.append(
                Problem(
                    file: self.file, line: last.line, column: last.column,
                    message: "and \(self.leftOut) more; these are not shown"))
        }
        return result
    }
}

/// Shows a text from outside within a message: on one line, in quotes, and short unless more of it
/// is wanted, as for a path.
func quoted(_ text: String, atMost limit: Int = 60) -> String {
    var result = "'"
    for (count, scalar) in text.unicodeScalars.enumerated() {
        guard count < limit else { return result + "…'" }
        switch scalar.value {
        case 0x0A: result += "\\n"
        case 0x09: result += "\\t"
        case 0...0x1F, 0x7F...0x9F, 0x2028, 0x2029, 0x202A...0x202E, 0x2066...0x2069:
            result += "\\u{\(String(scalar.value, radix: 16))}"
        default: result.unicodeScalars.append(scalar)
        }
    }
    return result + "'"
}
