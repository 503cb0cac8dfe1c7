internal import Glibc
internal import HoldfastAPI

/// Where commands look for the agent's socket, in this order, and the first that answers.
package struct SocketPlace: Sendable {
    package static let standard = "/run/holdfast/holdfast.sock"

    /// What the user named; nothing else is tried then.
    package var given: String?
    /// `$HOLDFAST_SOCKET`; likewise.
    package var environment: String?
    package var standard: String
    /// The sockets of the hosts of a `holdfast dev`, in their order.
    package var development: [String]

    package init(
        given: String?, environment: String?, standard: String = Self.standard,
        development: [String]
    ) {
        self.given = given
        self.environment = environment
        self.standard = standard
        self.development = development
    }

    /// The socket to use.
    ///
    /// - Throws: `CommandFailure` if none was named and none answers.
    package func find() throws(CommandFailure) -> String {
        if let given = self.given { return given }
        if let environment = self.environment, !environment.isEmpty { return environment }
        let candidates = [self.standard] + self.development
        if let alive = candidates.first(where: Self.answers) { return alive }
        throw CommandFailure(
            what: "cannot find an agent",
            why: "nobody listens at \(self.standard), and no 'holdfast dev' of yours runs",
            next: "start holdfastd or 'holdfast dev', or name the agent's socket with --socket",
            exitStatus: .unavailable)
    }

    /// Whether somebody listens there, or would but for our permissions: that is for the real
    /// request to find out and to say.
    private static func answers(_ path: String) -> Bool {
        var address = sockaddr_un()
        address.sun_family = sa_family_t(AF_UNIX)
        guard path.utf8.count < MemoryLayout.size(ofValue: address.sun_path) else { return false }
        withUnsafeMutableBytes(of: &address.sun_path) { $0.copyBytes(from: path.utf8) }
        let kind = SOCK_STREAM.rawValue | SOCK_CLOEXEC.rawValue | SOCK_NONBLOCK.rawValue
        let descriptor = socket(AF_UNIX, CInt(kind), 0)
        guard descriptor >= 0 else { return false }
        defer { close(descriptor) }
        let size = socklen_t(MemoryLayout<sockaddr_un>.size)
        let result = withUnsafePointer(to: &address) {
            $0.withMemoryRebound(to: sockaddr.self, capacity: 1) { connect(descriptor, $0, size) }
        }
        return result == 0 || errno == EACCES || errno == EAGAIN
    }
}
