import CHoldfastLinux
import Glibc

/// Execution of a program file in place of the one that runs: same process, same children.
package enum ProgramReplacement {
    /// The path by which this process was executed, made absolute as of now.
    ///
    /// Symbolic links stay in it, so that what they point to later is what is executed later.
    package static var ownPath: String? {
        guard let text = holdfast_program_path() else { return nil }
        let path = String(cString: text)
        guard !path.hasPrefix("/") else { return path }
        guard let folder = getcwd(nil, 0) else { return nil }
        defer { free(folder) }
        return String(cString: folder) + "/" + path
    }

    package static func mayExecute(_ path: String) -> Bool { holdfast_may_execute(path) }

    /// Executes a program file; blocked signals stay blocked, and the environment stays.
    ///
    /// - Parameters:
    ///   - path: Absolute.
    ///   - arguments: The first is the name that the program sees.
    ///   - descriptors: All that stay open besides the standard streams; if it fails they are
    ///     close-on-exec again.
    /// - Returns: Only if it failed: why.
    package static func execute(
        _ path: String, _ arguments: [String], keeping descriptors: [Int32]
    ) -> SystemCallFailure {
        var pointers: [UnsafeMutablePointer<CChar>?] = arguments.map { text in strdup(text) }
        defer { for pointer in pointers { free(pointer) } }
        pointers.append(nil)
        defer { for number in descriptors { _ = holdfast_set_inherited(number, false) } }
        for number in descriptors {
            let result = holdfast_set_inherited(number, true)
            guard result >= 0 else {
                return SystemCallFailure(call: "fcntl", errorNumber: -result)
            }
        }
        let result = holdfast_execute(path, pointers)
        return SystemCallFailure(call: "execve", errorNumber: -result)
    }
}
