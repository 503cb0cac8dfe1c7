package import HoldfastCore
package import HoldfastJobs

/// A job in the JSON of the API: the fields of a jobs file, under the same names.
///
/// Decoding takes any JSON object within bounds; `spec()` then says all that is wrong with it.
/// Durations, sizes and signals are texts as in the file.
package struct JobDocument: Sendable {
    let root: YAMLNode
    /// The path of each value, by the column of its position.
    let paths: [String]

    /// Shows every field of a job, those with default values included.
    package init(_ spec: JobSpec) {
        self.init(root: spec.document(complete: true), paths: [""])
    }

    init(root: YAMLNode, paths: [String]) {
        self.root = root
        self.paths = paths
    }

    /// The job that the document declares.
    ///
    /// - Throws: `JobDocumentError` with all mistakes at once, by the same rules as for files.
    package func spec() throws(JobDocumentError) -> JobSpec {
        var diagnosis = Diagnosis(file: "")
        let fields = JobFields(self.root, of: "a job", &diagnosis)
        let spec = fields.completed(at: self.root.position, &diagnosis)
        let problems = diagnosis.problems()
        guard problems.isEmpty, let spec else {
            throw JobDocumentError(mistakes: problems.map { self.mistake($0) })
        }
        return spec
    }

    private func mistake(_ problem: Problem) -> String {
        let path = self.paths.indices.contains(problem.column) ? self.paths[problem.column] : ""
        return (path.isEmpty ? "" : path + ": ") + problem.whatAndSuggestion
    }
}

/// What is wrong with a job that came as JSON.
package struct JobDocumentError: OperatorFacing, Equatable {
    /// At least one; each names the field it is about.
    package var mistakes: [String]

    package init(mistakes: [String]) {
        self.mistakes = mistakes
    }

    package var what: String { "cannot declare this job" }
    package var why: String { self.mistakes.joined(separator: "; ") }
    package var next: String { "correct it and send it again" }
    package var exitStatus: ExitStatusCode { .badData }
}
