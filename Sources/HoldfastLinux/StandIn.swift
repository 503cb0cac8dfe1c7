import CHoldfastLinux
package import HoldfastCore

/// What ends this process in place of `KernelTimer` while it executes a program in place (G4).
///
/// Two hands, because each alone has a gap: an alarm of the kernel's, which a stopped process
/// outlives, and a child that kills at the same moment, stopped or not.
package struct StandIn: Equatable, Sendable {
    /// Of the child.
    package let processID: Int32

    /// Takes over one that an earlier image of this process began.
    package init(processID: Int32) {
        self.processID = processID
    }

    /// From now on this process ends at `moment` at the latest.
    package static func begin(at moment: Moment) throws(SystemCallFailure) -> StandIn {
        // 0 would be no moment at all.
        let child = try SystemCallFailure.check(
            "fork", holdfast_stand_in_start(max(1, moment.boot)))
        let standIn = StandIn(processID: child)
        let result = holdfast_alarm_set(moment.boot - Clocks.read().boot)
        guard result >= 0 else {
            try standIn.end()
            throw SystemCallFailure(call: "setitimer", errorNumber: -result)
        }
        return standIn
    }

    /// Nothing stands in any more.
    ///
    /// - Throws: ECHILD: there was no such child of ours.
    package func end() throws(SystemCallFailure) {
        _ = holdfast_alarm_clear()
        try SystemCallFailure.check("waitid", holdfast_stand_in_end(self.processID))
    }
}
