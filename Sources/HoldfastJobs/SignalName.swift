/// Names of signals, with the numbers that they have on x86-64 and aarch64 alike.
///
/// Source: signal(7), the column "x86/ARM".
package enum SignalName {
    /// Index 0 is signal 1.
    package static let names = [
        "HUP", "INT", "QUIT", "ILL", "TRAP", "ABRT", "BUS", "FPE", "KILL", "USR1", "SEGV", "USR2",
        "PIPE", "ALRM", "TERM", "STKFLT", "CHLD", "CONT", "STOP", "TSTP", "TTIN", "TTOU", "URG",
        "XCPU", "XFSZ", "VTALRM", "PROF", "WINCH", "IO", "PWR", "SYS",
    ]

    /// Signals 32 and 33 are the C library's own, for its threads.
    private static let numbers = [Int32](1...31) + [Int32](34...64)

    /// Reads `TERM`, `SIGTERM` or `15`; `nil` for anything else.
    package static func number(_ text: String) -> Int32? {
        if let number = Int32(text) {
            return Self.numbers.contains(number) ? number : nil
        }
        let short = text.hasPrefix("SIG") ? String(text.dropFirst(3)) : text
        return Self.names.firstIndex(of: short).map { Int32($0 + 1) }
    }

    /// `TERM` for 15; the number itself where there is no name.
    package static func text(_ number: Int32) -> String {
        (1...31).contains(number) ? Self.names[Int(number) - 1] : "\(number)"
    }
}
