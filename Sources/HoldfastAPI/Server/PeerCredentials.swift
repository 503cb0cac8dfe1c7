internal import Glibc

/// Who is at the other end of a Unix socket, as the kernel saw it when it connected.
package struct PeerCredentials: Hashable, Sendable {
    package var userID: UInt32
    package var groupID: UInt32
    package var supplementaryGroups: [UInt32]

    package init(userID: UInt32, groupID: UInt32, supplementaryGroups: [UInt32] = []) {
        self.userID = userID
        self.groupID = groupID
        self.supplementaryGroups = supplementaryGroups
    }

    /// Asks the kernel about a connected socket; `nil` where it doesn't tell.
    ///
    /// See unix(7), SO_PEERCRED, and socket(7), SO_PEERGROUPS (Linux 4.13).
    static func of(socket descriptor: CInt) -> PeerCredentials? {
        // struct ucred: pid, uid, gid. Glibc hides it from Swift behind _GNU_SOURCE.
        var credentials: (CInt, UInt32, UInt32) = (0, 0, 0)
        var size = socklen_t(MemoryLayout.size(ofValue: credentials))
        guard getsockopt(descriptor, SOL_SOCKET, SO_PEERCRED, &credentials, &size) == 0 else {
            return nil
        }
        return PeerCredentials(
            userID: credentials.1, groupID: credentials.2,
            supplementaryGroups: Self.groups(of: descriptor))
    }

    /// NGROUPS_MAX of limits.h; the kernel has no more.
    private static let groupLimit = 65_536
    private static let peerGroupsOption: CInt = 59

    private static func groups(of descriptor: CInt) -> [UInt32] {
        var size: socklen_t = 0
        // Asked with no room, the kernel says how much it needs.
        _ = getsockopt(descriptor, SOL_SOCKET, Self.peerGroupsOption, nil, &size)
        let count = Int(size) / MemoryLayout<UInt32>.size
        guard (1...Self.groupLimit).contains(count) else { return [] }
        var groups = [UInt32](repeating: 0, count: count)
        guard getsockopt(descriptor, SOL_SOCKET, Self.peerGroupsOption, &groups, &size) == 0
        else { return [] }
        return Array(groups.prefix(Int(size) / MemoryLayout<UInt32>.size))
    }
}
