internal import Glibc
internal import HoldfastCore

/// Standard output and standard error of a command.
enum Output {
    static func line(_ text: String) {
        Self.write(Array((text + "\n").utf8))
    }

    static func error(_ text: String) {
        // Nobody is left to tell if this fails.
        _ = Self.write(Array((text + "\n").utf8), to: STDERR_FILENO)
    }

    static func complain(_ failure: some OperatorFacing) {
        let text = [failure.what, failure.why, failure.next].map(Printable.text)
        Self.error("holdfast: " + text.joined(separator: "; "))
    }

    /// Writes to standard output as it is.
    ///
    /// A reader that has gone ends the program as SIGPIPE would; so does a full disk, with words.
    static func write(_ bytes: [UInt8]) {
        let number = Self.write(bytes, to: STDOUT_FILENO)
        guard number != 0 else { return }
        if number == EPIPE { Self.endByBrokenPipe() }
        Self.complain(
            CommandFailure(
                what: "cannot write the output", why: String(cString: strerror(number)),
                next: "give it another place and try again", exitStatus: .inputOutput))
        exit(ExitStatusCode.inputOutput.rawValue)
    }

    static var isTerminal: Bool { isatty(STDOUT_FILENO) == 1 }
    static var errorIsTerminal: Bool { isatty(STDERR_FILENO) == 1 }

    /// Returns 0, or the error number.
    private static func write(_ bytes: [UInt8], to descriptor: CInt) -> CInt {
        var rest = bytes[...]
        while !rest.isEmpty {
            let count = rest.withUnsafeBytes { Glibc.write(descriptor, $0.baseAddress, $0.count) }
            if count < 0 {
                if errno == EINTR { continue }
                return errno
            }
            rest = rest.dropFirst(count)
        }
        return 0
    }

    /// The HTTP library ignores SIGPIPE; the shell expects to see it.
    private static func endByBrokenPipe() -> Never {
        signal(SIGPIPE, SIG_DFL)
        raise(SIGPIPE)
        exit(ExitStatusCode.inputOutput.rawValue)
    }
}
