import Glibc
import HoldfastSpec

/// The user and groups that a job runs as.
struct Account: Sendable {
    var name: String
    var home: String
    var userID: UInt32
    var groupID: UInt32
    /// The supplementary groups, in which the user's own may be missing.
    var groups: [UInt32]
    /// Whether somebody chose the group, who might choose one that the user is not in.
    private var hasForeignGroup = false

    private init(
        name: String, home: String, userID: UInt32, groupID: UInt32, groups: [UInt32]
    ) {
        self.name = name
        self.home = home
        self.userID = userID
        self.groupID = groupID
        self.groups = groups
    }

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
        if let group {
            let chosen = try Self.groupID(group)
            account.hasForeignGroup =
                chosen != account.groupID && !account.groups.contains(chosen)
            account.groupID = chosen
        }
        return account
    }

    /// Whether this host lets jobs run as that user, with that group.
    ///
    /// A group that the user is not in could give a job more than any user of the list has.
    func check(_ users: HostConfiguration.AllowedUsers) throws(LaunchImpossible) {
        switch users {
        case .any: return
        case .own:
            guard self.userID == getuid() else { throw self.notAllowed }
        case .only(let names):
            let isListed = names.contains { name in
                (try? Self.named(name))?.userID == self.userID
            }
            guard isListed else { throw self.notAllowed }
        }
        guard self.userID == 0 || !self.hasForeignGroup else {
            throw LaunchImpossible(
                why: "user '\(self.name)' is not in group \(self.groupID), "
                    + "and 'users' of this host is not 'any'")
        }
    }

    private var notAllowed: LaunchImpossible {
        LaunchImpossible(
            why: "'users' of this host does not let jobs run as user '\(self.name)'")
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
