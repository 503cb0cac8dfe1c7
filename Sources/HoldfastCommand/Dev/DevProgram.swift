/// One process of a development cluster, as it is to be started.
struct DevProgram: Hashable {
    enum Role: String, Hashable {
        case guardProcess = "guard"
        case agent
    }

    var host: String
    var role: Role
    var executable: String
    var arguments: [String]
    /// Gets standard output and standard error.
    var log: String
}
