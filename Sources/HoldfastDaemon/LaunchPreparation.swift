import Glibc
package import HoldfastCore
package import HoldfastGuardCore
package import HoldfastJobs
package import HoldfastSpec
package import NIOCore
package import NIOPosix

/// Why a launch could not be prepared on this host.
package struct LaunchImpossible: Error, Hashable {
    package var why: String
}

/// Turns a job into an order that the guard can carry out without resolving anything.
///
/// Looking up a user may ask the network, so it is done on a thread of its own.
package final class LaunchPreparation {
    private let host: HostName
    private let users: HostConfiguration.AllowedUsers
    private let threads: NIOThreadPool
    private let loop: any EventLoop

    /// - Parameters:
    ///   - host: For the environment of its jobs.
    ///   - users: As whom jobs may run here.
    ///   - threads: Used for nothing that is in a hurry.
    ///   - loop: On which answers are given.
    package init(
        host: HostName, users: HostConfiguration.AllowedUsers, threads: NIOThreadPool,
        loop: any EventLoop
    ) {
        self.host = host
        self.users = users
        self.threads = threads
        self.loop = loop
    }

    /// Calls back on the loop, perhaps before it returns.
    package func prepare(
        _ name: RunName, epoch: Epoch, _ spec: JobSpec,
        _ answer: @escaping (Result<LaunchOrder, LaunchImpossible>) -> Void
    ) {
        let (host, users) = (self.host, self.users)
        guard spec.user != nil || spec.group != nil || users.mustBeLookedUp else {
            answer(Self.order(name, epoch, spec, host, users))
            return
        }
        self.threads.runIfActive(eventLoop: self.loop) {
            Self.order(name, epoch, spec, host, users)
        }.assumeIsolated().whenComplete { result in
            switch result {
            case .success(let order): answer(order)
            case .failure: answer(.failure(LaunchImpossible(why: "the agent is ending")))
            }
        }
    }

    private static func order(
        _ name: RunName, _ epoch: Epoch, _ spec: JobSpec, _ host: HostName,
        _ users: HostConfiguration.AllowedUsers
    ) -> Result<LaunchOrder, LaunchImpossible> {
        do throws(LaunchImpossible) {
            let account = try Account.of(user: spec.user, group: spec.group)
            try account.check(users)
            let environment = Self.environment(name, spec, account, host)
            let path = environment.first { $0.name == "PATH" }?.value ?? ""
            let executable = try Self.executable(spec, path: path)
            let order = LaunchOrder(
                name: name, epoch: epoch, executable: executable, arguments: spec.command,
                environment: environment.map { "\($0.name)=\($0.value)" },
                directory: spec.directory ?? "/", userID: account.userID,
                groupID: account.groupID, supplementaryGroups: account.groups,
                stopSignal: spec.stop.signal, stopGrace: spec.stop.grace,
                onDeadline: Self.action(spec.onQuorumLoss), freezeLimit: spec.freezeLimit)
            try Self.check(order)
            return .success(order)
        } catch {
            return .failure(error)
        }
    }

    /// What the guard would not read is not sent: it would cost the connection, again and again.
    ///
    /// What Holdfast and PATH add to a job may bring it over a limit that it kept itself.
    private static func check(_ order: LaunchOrder) throws(LaunchImpossible) {
        do {
            _ = try GuardFrame.encode(.launch(order))
        } catch {
            throw LaunchImpossible(why: "the guard cannot take its command: \(error.description)")
        }
    }

    private static func action(_ action: QuorumLossAction) -> DeadlineAction {
        switch action {
        case .freeze: .freeze
        case .stop: .stop
        case .kill: .kill
        }
    }

    private static let standardPath =
        "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin"

    /// Nothing is inherited: what the child sees is this, the job's own, and Holdfast's three.
    private static func environment(
        _ name: RunName, _ spec: JobSpec, _ account: Account, _ host: HostName
    ) -> [EnvironmentVariable] {
        var variables = [
            EnvironmentVariable(name: "PATH", value: Self.standardPath),
            EnvironmentVariable(name: "HOME", value: account.home),
            EnvironmentVariable(name: "USER", value: account.name),
            EnvironmentVariable(name: "LOGNAME", value: account.name),
            EnvironmentVariable(name: "SHELL", value: "/bin/sh"),
        ]
        let own = [
            EnvironmentVariable(name: "HOLDFAST_KEY", value: name.key),
            EnvironmentVariable(name: "HOLDFAST_TOKEN", value: "\(name.token)"),
            EnvironmentVariable(name: "HOLDFAST_HOST", value: host.text),
        ]
        for variable in spec.environment + own {
            variables.removeAll { $0.name == variable.name }
            variables.append(variable)
        }
        return variables
    }

    /// A command with a slash is taken as it is; another is looked for in the job's own PATH.
    private static func executable(
        _ spec: JobSpec, path: String
    ) throws(LaunchImpossible) -> String {
        let command = spec.command[0]
        guard !command.contains("/") else { return command }
        for directory in path.split(separator: ":") {
            let candidate = "\(directory)/\(command)"
            if access(candidate, X_OK) == 0 { return candidate }
        }
        throw LaunchImpossible(why: "the command '\(command)' was not found in \(path)")
    }
}

extension HostConfiguration.AllowedUsers {
    /// Whether it takes the system's list of users to tell who is meant.
    fileprivate var mustBeLookedUp: Bool {
        switch self {
        case .own, .any: false
        case .only: true
        }
    }
}
