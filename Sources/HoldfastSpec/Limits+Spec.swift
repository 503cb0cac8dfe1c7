package import HoldfastCore

extension Limits {
    /// A jobs file or a host's configuration file.
    package static let specFileBytes = 4 * 1024 * 1024
    /// What aliases in one file may add to it, counted as if they were written out.
    package static let yamlAliasBytes = 4 * 1024 * 1024
    /// Lists and mappings within each other.
    package static let yamlDepth = 32
    /// Values in the JSON of one job.
    package static let documentValueCount = 4096
    /// `%` directives of one file; libyaml compares each with all others.
    package static let yamlDirectiveCount = 16
    /// Problems reported about one file; the rest is only counted.
    package static let problemCount = 200
    /// Commands and environments of all jobs of one file together, templates and defaults
    /// written out.
    package static let jobsFileCommandBytes = 64 * 1024 * 1024
    /// The name of a variable in `env`.
    package static let variableNameBytes = 255
    package static let labelNameBytes = 63
    package static let labelValueBytes = 255
    /// `users` of a host.
    package static let allowedUserCount = 1024
    /// The name of a user or group.
    package static let accountBytes = 255
    /// sun_path of unix(7), without the final zero.
    package static let socketPathBytes = 107
    /// Every span of time in a jobs file.
    package static let jobDuration = Duration.seconds(365 * 86_400)
}
