import Glibc
import Testing

/// Asks as another user, from a process of its own: credentials belong to a whole process.
enum OtherUser {
    /// Each request on a connection of its own, as user and group 65534 without other groups.
    static func ask(_ socket: String, _ requests: [String]) throws -> [String] {
        try requests.map { request in
            let path = request.split(separator: " ")[1]
            let method = String(request.prefix { $0 != " " })
            return try Self.output([
                "/usr/bin/setpriv", "--reuid", "65534", "--regid", "65534", "--clear-groups",
                "/usr/bin/curl", "--silent", "--include", "--max-time", "5", "--request", method,
                "--unix-socket", socket, "http://holdfast\(path)",
            ])
        }
    }

    private static func output(_ command: [String]) throws -> String {
        var ends: [CInt] = [0, 0]
        try #require(pipe(&ends) == 0)
        defer { close(ends[0]) }
        var actions = posix_spawn_file_actions_t()
        posix_spawn_file_actions_init(&actions)
        defer { posix_spawn_file_actions_destroy(&actions) }
        posix_spawn_file_actions_adddup2(&actions, ends[1], 1)
        posix_spawn_file_actions_addclose(&actions, ends[0])
        var arguments: [UnsafeMutablePointer<CChar>?] = command.map { strdup($0) } + [nil]
        defer { arguments.forEach { free($0) } }
        var child: pid_t = 0
        let result = posix_spawn(&child, command[0], &actions, nil, &arguments, environ)
        close(ends[1])
        try #require(result == 0, "\(command[0]): \(String(cString: strerror(result)))")
        var output: [UInt8] = []
        var buffer = [UInt8](repeating: 0, count: 4096)
        while true {
            let count = read(ends[0], &buffer, buffer.count)
            guard count > 0 else { break }
            output += buffer.prefix(count)
        }
        waitpid(child, nil, 0)
        return String(decoding: output, as: UTF8.self)
    }
}
