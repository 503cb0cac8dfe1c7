import CHoldfastLinux
import Glibc
package import HoldfastCore
package import HoldfastGuardCore

/// Starts children by clone3(2), from the one thread that lasts as long as they may.
///
/// The child shares our memory until it executes its command, so this costs the same however
/// large we are; what the child does in between is in launch.c.
package final class ChildLauncher {
    package struct Launched: Sendable {
        package let processID: Int32
        /// Polls readable when the process has ended.
        package let process: OwnedDescriptor
    }

    package enum Failure: Error, Equatable, Sendable {
        case step(LaunchStep, errorNumber: Int32)
        /// The deadline came before the exec (G5).
        case tooLate
        /// Killed before it did anything: the mark of kernels that mix up kill counts.
        case killedAtBirth
    }

    /// Where a child is born.
    package enum Birthplace {
        case here
        case directly(ControlGroup)
        /// It moves itself there, as its first act.
        case byItself(OwnedDescriptor)
    }

    private static let stackBytes = 128 * 1024

    private let stack: UnsafeMutableRawPointer
    private let emptiness: OwnedDescriptor
    private let openFiles: ThisProcess.OpenFiles

    /// - Parameter openFiles: The limits that children get.
    /// - Throws: What opening /dev/null failed with.
    package init(openFiles: ThisProcess.OpenFiles) throws(SystemCallFailure) {
        let null = open("/dev/null", O_RDONLY | O_CLOEXEC)
        guard null >= 0 else { throw SystemCallFailure(call: "open", errorNumber: errno) }
        self.emptiness = OwnedDescriptor(null)
        self.openFiles = openFiles
        self.stack = .allocate(byteCount: Self.stackBytes, alignment: 16)
    }

    /// Starts what `order` says and returns once its command executes.
    ///
    /// - Parameters:
    ///   - order: Its name and epoch are not looked at.
    ///   - place: Where it is born.
    ///   - output: Becomes its standard output and error; stays the caller's.
    ///   - extra: One more entry for the environment.
    ///   - deadline: Nothing is executed at or after it.
    /// - Returns: The running child, which the caller reaps.
    /// - Throws: `Failure`; then there is no child, and none to reap.
    package func launch(
        _ order: LaunchOrder, in place: Birthplace, output: OwnedDescriptor,
        extra: String? = nil, before deadline: Moment
    ) throws(Failure) -> Launched {
        var plan = self.plan(order, in: place, before: deadline)
        plan.output = output.number ?? -1
        let environment = (extra.map { entry in [entry] } ?? []) + order.environment
        let result = Self.withVector(order.arguments) { arguments in
            Self.withVector(environment) { environment in
                order.executable.withCString { executable in
                    order.directory.withCString { directory in
                        order.supplementaryGroups.withUnsafeBufferPointer { groups in
                            plan.executable = executable
                            plan.directory = directory
                            plan.arguments = arguments
                            plan.environment = environment
                            plan.groups = groups.baseAddress
                            plan.group_count = UInt32(groups.count)
                            return holdfast_launch(&plan)
                        }
                    }
                }
            }
        }
        guard result >= 0 else { throw .step(.clone, errorNumber: -result) }
        return try self.conclude(plan)
    }

    private func plan(
        _ order: LaunchOrder, in place: Birthplace, before deadline: Moment
    ) -> holdfast_launch {
        var plan = holdfast_launch()
        plan.user = order.userID
        plan.group = order.groupID
        plan.same_identity =
            order.userID == ThisProcess.userID && order.groupID == ThisProcess.groupID
        plan.input = self.emptiness.number ?? -1
        plan.cgroup = -1
        plan.cgroup_procs = -1
        switch place {
        case .here: break
        case .directly(let group): plan.cgroup = group.directory
        case .byItself(let processes): plan.cgroup_procs = processes.number ?? -1
        }
        plan.open_files_soft = self.openFiles.soft
        plan.open_files_hard = self.openFiles.hard
        plan.deadline_boot = deadline.boot
        plan.deadline_raw = deadline.raw
        plan.stack = self.stack
        plan.stack_size = UInt64(Self.stackBytes)
        return plan
    }

    /// What became of the process; one that failed is reaped.
    private func conclude(_ plan: holdfast_launch) throws(Failure) -> Launched {
        let process = OwnedDescriptor(plan.pidfd)
        if plan.failed_step == 0, plan.reached_exec != 0 {
            return Launched(processID: plan.process, process: process)
        }
        var ended = holdfast_exit()
        while holdfast_reap_waiting(plan.pidfd, &ended) == -EINTR {}
        if plan.failed_step == 0 { throw .killedAtBirth }
        if plan.failed_step == Int32(HOLDFAST_STEP_DEADLINE.rawValue) { throw .tooLate }
        let step = LaunchStep(rawValue: UInt8(truncatingIfNeeded: plan.failed_step)) ?? .clone
        throw .step(step, errorNumber: plan.error)
    }

    /// The texts as execve(2) takes them: pointers into one block, then a null.
    private static func withVector<R>(
        _ texts: [String], _ body: (UnsafePointer<UnsafeMutablePointer<CChar>?>) -> R
    ) -> R {
        var block: [CChar] = []
        var offsets: [Int] = []
        for text in texts {
            offsets.append(block.count)
            block += text.utf8CString
        }
        return block.withUnsafeMutableBufferPointer { block in
            var pointers: [UnsafeMutablePointer<CChar>?] = offsets.map { offset in
                block.baseAddress?.advanced(by: offset)
            }
            pointers.append(nil)
            return pointers.withUnsafeBufferPointer { buffer in
                // `pointers` is not empty, so it has a base.
                body(buffer.baseAddress!)
            }
        }
    }

    deinit {
        self.stack.deallocate()
    }
}
