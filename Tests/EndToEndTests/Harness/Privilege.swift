import Glibc
import HoldfastLinux

/// What this user may do here, for tests that need it.
enum Privilege {
    static var isRoot: Bool { getuid() == 0 }

    static var canMakeControlGroups: Bool {
        ControlGroupPlace.find().map { access($0, W_OK) == 0 } ?? false
    }
}
