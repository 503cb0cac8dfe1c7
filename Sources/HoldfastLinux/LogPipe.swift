import CHoldfastLinux
import Glibc

/// The pipe that a run's output goes through.
///
/// Nothing reads it here, and nothing is lost in it.
package enum LogPipe {
    /// Bytes asked for; less where the user's allowance is used up.
    ///
    /// See pipe(7).
    private static let wantedBytes: Int32 = 256 * 1024

    package static func make() throws(SystemCallFailure) -> (
        reading: OwnedDescriptor, writing: OwnedDescriptor
    ) {
        var ends: [Int32] = [-1, -1]
        try SystemCallFailure.check("pipe2", holdfast_pipe(&ends, Self.wantedBytes))
        return (OwnedDescriptor(ends[0]), OwnedDescriptor(ends[1]))
    }
}
