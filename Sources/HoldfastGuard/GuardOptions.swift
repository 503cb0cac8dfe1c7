import HoldfastCore
package import HoldfastGuardCore
import HoldfastLinux

/// The guard's command line.
package struct GuardOptions: Equatable, Sendable {
    /// What the guard is to hold trees with; `nil`: the best that works here.
    package var containment: Containment?
    package var socketPath: String
    /// Of the control group, and the mark of its children elsewhere.
    package var name: String
    package var allowedUsers: AllowedUsers
    /// Whether to end, by the stop sequence of SIGTERM, when the process that started it ends.
    package var exitsWithParent = false

    package init(
        containment: Containment?, socketPath: String, name: String, allowedUsers: AllowedUsers
    ) {
        self.containment = containment
        self.socketPath = socketPath
        self.name = name
        self.allowedUsers = allowedUsers
    }

    package enum Command: Equatable, Sendable {
        case serve(GuardOptions)
        /// Go on with what an earlier image of the program left behind this descriptor; never
        /// given by people.
        case resume(state: Int32)
        case help
    }

    package static let help = """
        usage: holdfast-guard --config FILE [--socket PATH] [--name NAME]
                              [--users any|ID,ID,...] [--contain cgroup|subreaper|group]
                              [--exit-with-parent]

        Launches the children of one holdfastd, and pauses or ends them when it stops renewing
        their lease. Started before holdfastd; SIGTERM stops the children, then the guard.
        SIGHUP executes the program's file again in place, as after an upgrade: the process, its
        children and their deadlines stay; holdfastd connects again by itself.

          --config FILE     the file that holdfastd reads; only its path is used here
          --socket PATH     where to listen (default: guard.sock beside FILE)
          --name NAME       of its control group: a-z, A-Z, 0-9, '.', '_', '-', at most 64
                            (default: holdfast- and a hash of FILE's absolute path)
          --users any|ID,…  numeric users that children may run as
                            (default: only the user that the guard runs as)
          --contain CLASS   how to hold a child's whole tree: cgroup, subreaper or group
                            (default: the first of them that works here)
          --exit-with-parent  end, as by SIGTERM, when the process that started it ends
          --help            print this

        Ends with 0 after SIGTERM, 64 for a wrong command line, 65 when the program executed by
        SIGHUP cannot read the state of the one before (every child is killed), 78 without FILE,
        71 when the system refuses something, 73 when the socket cannot be made, 75 when another
        guard serves it.

        """

    static let resumeOption = "--resume="
    private static let nameBytes = 64
    private static let userCount = Limits.allowedUserCount

    /// - Parameter arguments: Without the program's own name.
    /// - Returns: What is asked for.
    /// - Throws: `GuardFailure` with the exit status for the command.
    package static func parse(_ arguments: [String]) throws(GuardFailure) -> Command {
        if let last = arguments.last, last.hasPrefix(Self.resumeOption) {
            guard let state = Int32(last.dropFirst(Self.resumeOption.count)), state > 2 else {
                throw .usage("cannot start", why: "'\(last)' is not for use by hand")
            }
            return .resume(state: state)
        }
        var values: [String: String] = [:]
        var exitsWithParent = false
        var rest = arguments[...]
        while let argument = rest.popFirst() {
            if argument == "--help" || argument == "-h" { return .help }
            if argument == "--exit-with-parent" {
                exitsWithParent = true
                continue
            }
            let parts = argument.split(separator: "=", maxSplits: 1).map(String.init)
            let option = parts.first ?? argument
            guard ["--config", "--socket", "--name", "--users", "--contain"].contains(option)
            else {
                throw .usage("cannot start", why: "'\(argument)' is not an option")
            }
            guard let value = parts.count == 2 ? parts[1] : rest.popFirst(), !value.isEmpty else {
                throw .usage("cannot start", why: "\(option) needs a value")
            }
            guard values.updateValue(value, forKey: option) == nil else {
                throw .usage("cannot start", why: "\(option) is given twice")
            }
        }
        var options = try Self.options(values)
        options.exitsWithParent = exitsWithParent
        return .serve(options)
    }

    private static func options(
        _ values: [String: String]
    ) throws(GuardFailure) -> GuardOptions {
        guard let config = values["--config"] else {
            throw .usage("cannot start", why: "--config FILE is missing")
        }
        let containment = try Self.containment(values["--contain"])
        let users = try Self.users(values["--users"])
        let name = try Self.name(values["--name"])
        guard let path = ThisProcess.resolve(config) else {
            throw GuardFailure(
                "cannot find \(config)", why: "there is no such file, or it cannot be reached",
                next: "name the file that holdfastd reads", .configuration)
        }
        let folder = path.lastIndex(of: "/").map { slash in path[..<slash] } ?? ""
        return GuardOptions(
            containment: containment, socketPath: values["--socket"] ?? "\(folder)/guard.sock",
            name: name ?? Self.defaultName(forConfiguration: path), allowedUsers: users)
    }

    /// The name that a guard takes for the configuration at this absolute path.
    package static func defaultName(forConfiguration path: String) -> String {
        let digits = String(StableHash.of(path), radix: 16)
        return "holdfast-" + String(repeating: "0", count: 16 - digits.utf8.count) + digits
    }

    private static func containment(_ text: String?) throws(GuardFailure) -> Containment? {
        guard let text else { return nil }
        guard let found = Containment.allCases.first(where: { each in each.description == text })
        else {
            throw .usage(
                "cannot start", why: "--contain is cgroup, subreaper or group, not '\(text)'")
        }
        return found
    }

    private static func users(_ text: String?) throws(GuardFailure) -> AllowedUsers {
        guard let text else { return .only([ThisProcess.userID]) }
        if text == "any" { return .any }
        let parts = text.split(separator: ",", omittingEmptySubsequences: false)
        let users = parts.compactMap { part in UInt32(part) }.filter { user in user != .max }
        guard users.count == parts.count, users.count <= Self.userCount else {
            throw .usage(
                "cannot start",
                why: "--users is 'any' or up to \(Self.userCount) numbers, not '\(text)'")
        }
        return .only(users)
    }

    private static func name(_ text: String?) throws(GuardFailure) -> String? {
        guard let text else { return nil }
        let isWellFormed = text.utf8.allSatisfy { byte in
            switch byte {
            case 0x30...0x39, 0x41...0x5A, 0x61...0x7A, 0x2D, 0x2E, 0x5F: true
            default: false
            }
        }
        guard isWellFormed, text.utf8.count <= Self.nameBytes, !text.hasPrefix(".") else {
            throw .usage("cannot start", why: "--name cannot be '\(text)'")
        }
        return text
    }
}
