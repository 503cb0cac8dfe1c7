package import HoldfastCore

/// A file that cannot be used, with everything that is wrong with it.
package struct InvalidFile: OperatorFacing, Equatable {
    package var file: String
    /// At least one, in the order of the file.
    package var problems: [Problem]
    package var exitStatus: ExitStatusCode

    package init(file: String, problems: [Problem], exitStatus: ExitStatusCode) {
        self.file = file
        self.problems = problems
        self.exitStatus = exitStatus
    }

    package var what: String { "cannot use \(self.file)" }
    package var why: String {
        self.problems.count == 1 ? "it has a mistake" : "it has \(self.problems.count) mistakes"
    }
    package var next: String { "correct \(self.problems.count == 1 ? "it" : "them") and try again" }

    /// One line per problem, each with its place.
    package var description: String {
        self.problems.map(\.description).joined(separator: "\n")
    }
}
