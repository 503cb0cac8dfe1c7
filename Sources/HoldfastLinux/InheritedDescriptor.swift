import CHoldfastLinux
import Glibc

/// Descriptors that an earlier image of this process left open for the present one.
package enum InheritedDescriptor {
    /// Takes one over: from now on it is close-on-exec like any other.
    ///
    /// - Throws: EBADF where nothing is open, and for the three standard streams.
    /// - Returns: `number`, which now belongs to the caller.
    @discardableResult
    package static func adopt(_ number: Int32) throws(SystemCallFailure) -> Int32 {
        guard number > 2 else { throw SystemCallFailure(call: "fcntl", errorNumber: EBADF) }
        try SystemCallFailure.check("fcntl", holdfast_set_inherited(number, false))
        return number
    }

    /// The reading end of a run's output.
    package static func adoptPipe(_ number: Int32) throws(SystemCallFailure) -> OwnedDescriptor {
        guard holdfast_is_pipe(number) else {
            throw SystemCallFailure(call: "fstat", errorNumber: EBADF)
        }
        return OwnedDescriptor(try Self.adopt(number))
    }

    /// The descriptor of a child process that was not reaped; of one that was, if `isReaped`.
    package static func adoptChild(
        _ number: Int32, isReaped: Bool
    ) throws(SystemCallFailure) -> OwnedDescriptor {
        let isChild = try SystemCallFailure.check("waitid", holdfast_is_child(number))
        guard isChild == (isReaped ? 0 : 1) else {
            throw SystemCallFailure(call: "waitid", errorNumber: ECHILD)
        }
        return OwnedDescriptor(try Self.adopt(number))
    }
}
