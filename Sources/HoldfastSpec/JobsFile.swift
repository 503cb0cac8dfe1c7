package import HoldfastCore
package import HoldfastJobs

/// A checked jobs file: every job that it declares, templates written out.
///
/// The format is described by the files in `examples/`.
package struct JobsFile: Sendable {
    /// One job, and where its parts were written, for whoever checks it against a machine.
    package struct Declaration: Sendable {
        package var key: Key
        package var spec: JobSpec
        /// Where the key stands.
        package var position: SourcePosition
        /// Where fields stand that were given, be it in the job, its template or the defaults.
        package var places: [JobField: SourcePosition]
    }

    package var file: String
    /// In the order of the file.
    package var jobs: [Declaration]
    /// What is allowed, but perhaps not meant.
    package var notes: [Problem]

    /// Reads the text of a jobs file; `file` is its name, for messages.
    ///
    /// Throws `InvalidFile` with all mistakes at once. A text that is no YAML has one mistake,
    /// since nothing after it can be understood.
    package static func read(text: String, file: String) throws(InvalidFile) -> Self {
        try Self.read(bytes: Array(text.utf8), file: file)
    }

    /// Like `read(text:file:)`, for bytes that may not even be text.
    package static func read(bytes: [UInt8], file: String) throws(InvalidFile) -> Self {
        var diagnosis = Diagnosis(file: file)
        var reader = JobsFileReader()
        reader.read(bytes, &diagnosis)
        let problems = diagnosis.problems()
        guard problems.isEmpty else {
            throw InvalidFile(file: file, problems: problems, exitStatus: .badData)
        }
        return Self(file: file, jobs: reader.jobs, notes: reader.notes)
    }
}
