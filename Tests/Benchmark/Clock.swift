import Glibc

/// Seconds of CLOCK_MONOTONIC.
enum Clock {
    static func now() -> Double {
        var time = timespec()
        clock_gettime(CLOCK_MONOTONIC, &time)
        return Double(time.tv_sec) + Double(time.tv_nsec) * 1e-9
    }

    static func pause(_ seconds: Double) { usleep(UInt32(max(0, seconds) * 1e6)) }

    /// Looks every few milliseconds until it is so: for preparations, never for a figure.
    ///
    /// - Throws: `Trouble` when it is not so within `limit` seconds.
    static func wait(_ limit: Double, until what: String, _ isSo: () -> Bool) throws(Trouble) {
        let start = Self.now()
        while !isSo() {
            guard Self.now() - start < limit else {
                throw Trouble("waited \(limit) s in vain until \(what)")
            }
            Self.pause(0.01)
        }
    }
}

/// What could not be brought about, as a sentence.
struct Trouble: Error, CustomStringConvertible {
    let description: String

    init(_ description: String) {
        self.description = description
    }

    static func system(_ what: String) -> Trouble {
        Trouble("cannot \(what): \(String(cString: strerror(errno)))")
    }
}
