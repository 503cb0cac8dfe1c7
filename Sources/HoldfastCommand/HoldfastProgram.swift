internal import ArgumentParser
internal import Glibc
internal import HoldfastAPI
internal import HoldfastCore
internal import HoldfastSpec

/// The program `holdfast`: reads its command line, does what it says, and exits.
package enum HoldfastProgram {
    package static func main() -> Never {
        do {
            var command = try HoldfastCommand.parseAsRoot(
                CommandLineOrder.withSocketLast(Array(CommandLine.arguments.dropFirst())))
            try command.run()
        } catch {
            Self.end(with: error)
        }
        exit(ExitStatusCode.success.rawValue)
    }

    /// Says what happened, in the form `holdfast: what; why; what to do`, and exits as it asks.
    private static func end(with error: any Error) -> Never {
        switch error {
        case let failure as APIFailure:
            Output.complain(failure)
            exit(failure.document.exit)
        case let failure as InvalidFile:
            for problem in failure.problems { Output.error(problem.description) }
            Output.complain(failure)
            exit(failure.exitStatus.rawValue)
        case let failure as any OperatorFacing:
            Output.complain(failure)
            exit(failure.exitStatus.rawValue)
        default:
            Self.endByParser(error)
        }
    }

    /// What the parser throws: mistakes on the command line, but also help and `ExitCode`.
    private static func endByParser(_ error: any Error) -> Never {
        let code = HoldfastCommand.exitCode(for: error)
        if code == .validationFailure {
            let message = HoldfastCommand.message(for: error)
            Output.complain(
                CommandFailure(
                    what: "cannot understand this command line",
                    why: message.hasSuffix(".") ? String(message.dropLast()) : message,
                    next: "see 'holdfast --help', or --help of the command",
                    exitStatus: .usage))
        } else {
            let message = HoldfastCommand.fullMessage(for: error)
            if !message.isEmpty { code == .success ? Output.line(message) : Output.error(message) }
        }
        exit(code.rawValue)
    }
}
