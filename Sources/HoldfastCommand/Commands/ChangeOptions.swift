internal import ArgumentParser
internal import HoldfastCore

/// How a command that changes a key waits for the change to be there.
struct ChangeOptions: ParsableArguments {
    @Option(
        help: .init(
            "Wait at most so long for it to be so; the change itself goes on. (default: 30s)",
            valueName: "duration"),
        transform: Duration.argument)
    var wait: Duration?

    @Flag(help: "Return once the change is decided.")
    var noWait = false

    @Flag(help: "Print what is known then as JSON.")
    var json = false

    func validate() throws {
        if self.noWait, self.wait != nil {
            throw ValidationError("--wait has no effect with --no-wait; give one or the other")
        }
    }

    var span: Duration? { self.noWait ? nil : self.wait ?? .seconds(30) }
}
