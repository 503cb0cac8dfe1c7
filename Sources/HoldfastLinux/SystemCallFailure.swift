import CHoldfastLinux
package import HoldfastCore

/// A system call that the kernel refused.
package struct SystemCallFailure: OperatorFacing, Equatable {
    package let call: StaticString
    package let errorNumber: Int32

    package init(call: StaticString, errorNumber: Int32) {
        self.call = call
        self.errorNumber = errorNumber
    }

    package var what: String { "cannot call \(self.call)" }
    package var why: String { Self.text(of: self.errorNumber) }
    package var next: String { "see \(self.call)(2) for error \(self.errorNumber)" }
    package var exitStatus: ExitStatusCode { .system }

    /// What the system says about an error number.
    package static func text(of errorNumber: Int32) -> String {
        String(cString: holdfast_error_text(errorNumber))
    }

    package static func == (left: Self, right: Self) -> Bool {
        left.errorNumber == right.errorNumber && left.call.description == right.call.description
    }

    /// Turns the `-errno` convention of `CHoldfastLinux` into a thrown value.
    @discardableResult
    static func check(
        _ call: StaticString, _ result: Int32
    ) throws(SystemCallFailure) -> Int32 {
        guard result >= 0 else { throw SystemCallFailure(call: call, errorNumber: -result) }
        return result
    }
}
