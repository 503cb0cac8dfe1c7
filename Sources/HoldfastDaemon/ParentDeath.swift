import CHoldfastLinux
import Glibc

/// Ties this process to the one that started it, for `holdfast dev`.
enum ParentDeath {
    static func endWithParent() {
        let parent = getppid()
        _ = holdfast_set_parent_death_signal(SIGTERM)
        // It may have ended before we asked.
        if getppid() != parent { exit(0) }
    }
}
