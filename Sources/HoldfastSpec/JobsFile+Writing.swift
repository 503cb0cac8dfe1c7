package import HoldfastCore
package import HoldfastJobs

extension JobsFile {
    /// Writes jobs as a jobs file, which reads back as the same jobs.
    ///
    /// Fields that have their default value are left out. A key that would be read as a template
    /// (its only `@` at its end) cannot be written so that it runs; see `isTemplate`.
    package static func write(_ jobs: [(key: Key, spec: JobSpec)]) -> String {
        let blocks = jobs.map { ($0.key.text, $0.spec.document(complete: false)) }
        return YAMLWriter.write(
            .mapping([("version", .word("1")), ("jobs", .mapping(blocks))]))
    }

    /// Whether a jobs file takes `key` for the template of others, so that no job can be named so.
    package static func isTemplate(_ key: Key) -> Bool {
        JobFields.templateName(of: key.text)?.instance.isEmpty ?? false
    }
}
