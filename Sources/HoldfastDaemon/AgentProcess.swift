import Glibc
import HoldfastCore
import HoldfastLinux
import HoldfastSpec
import Logging

/// The agent as a process: reads its file, takes signals, ends with a fitting status.
package enum AgentProcess {
    /// - Returns: The exit status.
    package static func run(
        configuration path: String, exitWithParent: Bool, isVerbose: Bool
    ) -> Int32 {
        LoggingSystem.bootstrap { label in
            var log = ConsoleLog(label: label)
            log.logLevel = isVerbose ? .debug : .info
            return log
        }
        if exitWithParent { ThisProcess.endWithParent() }
        signal(SIGPIPE, SIG_IGN)
        // A full disk is told by errno, to whoever wrote (D2).
        signal(SIGXFSZ, SIG_IGN)
        DescriptorLimit.raise()
        // Blocked before any thread is made, so that only the wait below takes them.
        var signals = sigset_t()
        sigemptyset(&signals)
        sigaddset(&signals, SIGTERM)
        sigaddset(&signals, SIGINT)
        pthread_sigmask(SIG_BLOCK, &signals, nil)
        let logger = Logger(label: "holdfastd")
        do {
            let configuration = try HostConfiguration.read(
                bytes: try ConfigurationFile.read(path), file: path)
            let agent = Agent(configuration: configuration, logger: logger)
            try agent.start()
            var number: Int32 = 0
            sigwait(&signals, &number)
            logger.notice("ending; jobs stay under the guard", metadata: ["signal": "\(number)"])
            Readiness.notify("STOPPING=1")
            unlink(configuration.socket)
            return ExitStatusCode.success.rawValue
        } catch {
            return Self.report(error)
        }
    }

    private static func report(_ error: any Error) -> Int32 {
        let (text, status): (String, ExitStatusCode) =
            switch error {
            case let failure as InvalidFile: (failure.description, failure.exitStatus)
            case let failure as any OperatorFacing:
                ("holdfastd: \(failure.description)", failure.exitStatus)
            default:
                ("holdfastd: cannot start; \(error); look at the message above", .software)
            }
        var bytes = Array((text + "\n").utf8)
        _ = write(STDERR_FILENO, &bytes, bytes.count)
        return status.rawValue
    }
}

/// More descriptors than the usual 1,024, where the system allows: one per running job.
enum DescriptorLimit {
    static func raise() {
        var limit = rlimit()
        guard getrlimit(__rlimit_resource_t(RLIMIT_NOFILE.rawValue), &limit) == 0 else { return }
        limit.rlim_cur = limit.rlim_max
        setrlimit(__rlimit_resource_t(RLIMIT_NOFILE.rawValue), &limit)
    }
}
