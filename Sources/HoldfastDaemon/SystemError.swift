import Glibc

/// What the system calls an error.
enum SystemError {
    static func text(_ number: Int32) -> String {
        withUnsafeTemporaryAllocation(of: CChar.self, capacity: 256) { buffer in
            guard let base = buffer.baseAddress, strerror_r(number, base, 256) == 0 else {
                return "error \(number)"
            }
            return String(cString: base)
        }
    }
}
