import CHoldfastLinux
import Glibc

/// What a process may ask the kernel for itself.
package enum ThisProcess {
    package struct OpenFiles: Equatable, Sendable {
        package var soft: UInt64
        package var hard: UInt64

        package init(soft: UInt64, hard: UInt64) {
            self.soft = soft
            self.hard = hard
        }
    }

    package static var processID: Int32 { getpid() }
    package static var userID: UInt32 { geteuid() }
    package static var groupID: UInt32 { getegid() }

    /// Opens /dev/null for 0, 1 and 2 where they are closed.
    package static func reserveStreams() {
        _ = holdfast_reserve_streams()
    }

    /// Asks for SIGTERM when the process that started this one ends; ends now if it has.
    package static func endWithParent() {
        let parent = getppid()
        _ = holdfast_set_parent_death_signal(SIGTERM)
        if getppid() != parent { exit(0) }
    }

    /// The same for a later image of a program: `parent` is the process that started the first.
    ///
    /// What the kernel was asked for is lost where the program's file has rights of its own.
    package static func endWithParent(_ parent: Int32) {
        _ = holdfast_set_parent_death_signal(SIGTERM)
        if getppid() != parent { kill(getpid(), SIGTERM) }
    }

    package static var parentID: Int32 { getppid() }

    /// Whether it has any that was not reaped.
    package static var hasChildren: Bool { holdfast_peek_ended_child() != -ECHILD }

    /// Lets go of code that only starting needed; before `lockMemory`.
    package static func dropCode() {
        // Refused is as good: it is only about size.
        _ = holdfast_drop_code()
    }

    /// Keeps all memory in memory, once touched.
    ///
    /// Needs CAP_IPC_LOCK or RLIMIT_MEMLOCK.
    package static func lockMemory() throws(SystemCallFailure) {
        try SystemCallFailure.check("mlockall", holdfast_lock_memory())
    }

    /// Real-time scheduling, not for children.
    ///
    /// Needs CAP_SYS_NICE.
    package static func becomeRealtime() throws(SystemCallFailure) {
        try SystemCallFailure.check("sched_setscheduler", holdfast_become_realtime())
    }

    /// Never chosen by the out-of-memory killer.
    ///
    /// Needs CAP_SYS_RESOURCE.
    package static func refuseToBeKilledForMemory() throws(SystemCallFailure) {
        try SystemCallFailure.check("write", holdfast_set_oom_score(-1000))
    }

    /// Raises the soft limit to the hard one, and returns what they were.
    package static func raiseOpenFiles() throws(SystemCallFailure) -> OpenFiles {
        var soft: UInt64 = 0
        var hard: UInt64 = 0
        try SystemCallFailure.check("setrlimit", holdfast_raise_open_files(&soft, &hard))
        return OpenFiles(soft: soft, hard: hard)
    }

    package static func becomeSubreaper() throws(SystemCallFailure) {
        try SystemCallFailure.check("prctl", holdfast_become_subreaper())
    }

    /// 64 random bits of the kernel's.
    package static func randomBits() -> UInt64 {
        var generator = SystemRandomNumberGenerator()
        return generator.next()
    }

    /// The path without symbolic links; `nil` when there is nothing there.
    package static func resolve(_ path: String) -> String? {
        guard let resolved = realpath(path, nil) else { return nil }
        defer { free(resolved) }
        return String(cString: resolved)
    }

    /// Writes to standard error, in one call; what does not go out is lost.
    package static func writeError(_ text: String) {
        var text = text
        text.withUTF8 { bytes in _ = write(2, bytes.baseAddress, bytes.count) }
    }

    package static func writeOutput(_ text: String) {
        var text = text
        text.withUTF8 { bytes in _ = write(1, bytes.baseAddress, bytes.count) }
    }

    /// Ends the process, whatever objects still live.
    package static func end(_ status: Int32) -> Never {
        exit(status)
    }

    package static func pause(milliseconds: UInt32) {
        usleep(milliseconds * 1000)
    }

    /// Signals every process of a group whose leader is our child and not reaped.
    package static func signalGroup(_ leader: Int32, _ number: Int32) {
        guard leader > 1 else { return }
        kill(-leader, number)
    }

    /// Does nothing until `seconds` have passed or a signal ends the process.
    package static func linger(seconds: UInt32) {
        sleep(seconds)
    }
}
