import Glibc

/// The user and groups that a job runs as.
struct Account: Sendable {
    var name: String
    var home: String
    var userID: UInt32
    var groupID: UInt32
    var groups: [UInt32]

    private static let bufferBytes = 64 * 1024
    private static let groupLimit = 1024

    /// - Parameters:
    ///   - user: A name or a number; `nil`: the user that this process runs as.
    ///   - group: A name or a number; `nil`: the user's own.
    /// - Returns: The account, with all its groups.
    /// - Throws: What does not exist on this host.
    static func of(user: String?, group: String?) throws(LaunchImpossible) -> Account {
        var account = Self.own()
        if let user { account = try Self.named(user) }
        if let group { account.groupID = try Self.groupID(group) }
        return account
    }

    private static func own() -> Account {
        var groups = [gid_t](repeating: 0, count: Self.groupLimit)
        let count = getgroups(Int32(groups.count), &groups)
        let found = Self.lookUp { getpwuid_r(getuid(), $0, $1, $2, $3) }
        return Account(
            name: found?.name ?? "\(getuid())", home: found?.home ?? "/", userID: getuid(),
            groupID: getgid(), groups: Array(groups.prefix(Int(max(0, count)))))
    }

    private static func named(_ text: String) throws(LaunchImpossible) -> Account {
        var found = Self.lookUp { getpwnam_r(text, $0, $1, $2, $3) }
        if found == nil, let number = UInt32(text) {
            found = Self.lookUp { getpwuid_r(number, $0, $1, $2, $3) }
            // A number needs no name.
            if found == nil {
                return Account(
                    name: text, home: "/", userID: number, groupID: number, groups: [])
            }
        }
        guard var account = found else {
            throw LaunchImpossible(why: "there is no user '\(text)' on this host")
        }
        var groups = [gid_t](repeating: 0, count: Self.groupLimit)
        var count = Int32(groups.count)
        if getgrouplist(account.name, account.groupID, &groups, &count) >= 0 {
            account.groups = Array(groups.prefix(Int(max(0, count))))
        }
        return account
    }

    private static func lookUp(
        _ body: (
            UnsafeMutablePointer<passwd>, UnsafeMutablePointer<CChar>, Int,
            UnsafeMutablePointer<UnsafeMutablePointer<passwd>?>
        ) -> Int32
    ) -> Account? {
        var entry = passwd()
        var result: UnsafeMutablePointer<passwd>?
        return withUnsafeTemporaryAllocation(of: CChar.self, capacity: Self.bufferBytes) {
            guard let buffer = $0.baseAddress,
                body(&entry, buffer, Self.bufferBytes, &result) == 0, result != nil
            else { return nil }
            return Account(
                name: String(cString: entry.pw_name), home: String(cString: entry.pw_dir),
                userID: entry.pw_uid, groupID: entry.pw_gid, groups: [entry.pw_gid])
        }
    }

    private static func groupID(_ text: String) throws(LaunchImpossible) -> UInt32 {
        var entry = group()
        var result: UnsafeMutablePointer<group>?
        let found: UInt32? = withUnsafeTemporaryAllocation(
            of: CChar.self, capacity: Self.bufferBytes
        ) {
            guard let buffer = $0.baseAddress,
                getgrnam_r(text, &entry, buffer, Self.bufferBytes, &result) == 0, result != nil
            else { return nil }
            return entry.gr_gid
        }
        if let found = found ?? UInt32(text) { return found }
        throw LaunchImpossible(why: "there is no group '\(text)' on this host")
    }
}
