internal import Glibc
package import HoldfastAPI
package import HoldfastCore
internal import HoldfastJobs

/// Documents in words.
package enum Words {
    /// How a run ended: `exited 1 on h2`.
    package static func ending(_ ending: EndingDocument) -> String {
        let how =
            switch ending.how {
            case .exited: "exited \(ending.code ?? 0)"
            case .signalled: "killed by \(Self.signal(ending.signal))"
            case .core: "killed by \(Self.signal(ending.signal)), core dumped"
            case .stopped: "stopped"
            case .failedToStart: "failed to start"
            case .lost: "lost with its host"
            case .neverStarted: "never started"
            }
        let reason = ending.reason.map { ": \($0)" } ?? ""
        return "\(how) on \(ending.host)\(reason)"
    }

    /// What happened, and to which key, if the text doesn't name it.
    package static func event(_ event: EventDocument) -> String {
        guard let key = event.key, !event.text.contains(key) else {
            return Printable.text(event.text)
        }
        return "\(Printable.shellWord(key)) \(Printable.text(event.text))"
    }

    /// A span for people: whole seconds from ten seconds on, tenths below.
    package static func span(_ seconds: Double) -> String {
        guard seconds.isFinite, seconds < 1e9 else { return "long" }
        let seconds = max(0, seconds)
        let rounded = seconds < 10 ? (seconds * 10).rounded() / 10 : seconds.rounded()
        return DurationText.format(.milliseconds(Int64(rounded * 1000)))
    }

    /// How long ago an instant of the API was; empty if it can't be read.
    package static func age(of instant: String?, now: WallTime) -> String {
        guard let time = instant.flatMap(Timestamp.time) else { return "" }
        return Self.span(Double(now.milliseconds - time.milliseconds) / 1000)
    }

    /// The time of day here, with milliseconds; the text itself if it can't be read.
    package static func clock(_ instant: String) -> String {
        guard let time = Timestamp.time(instant) else { return Printable.text(instant) }
        return Self.clock(time)
    }

    package static func clock(_ time: WallTime) -> String {
        var seconds = time_t(time.milliseconds / 1000)
        var parts = tm()
        localtime_r(&seconds, &parts)
        let clock = [parts.tm_hour, parts.tm_min, parts.tm_sec].map {
            String(String($0 + 100).dropFirst())
        }
        let fraction = String(time.milliseconds % 1000 + 1000).dropFirst()
        return "\(clock.joined(separator: ":")).\(fraction)"
    }

    /// What time it is, by the clock on the wall.
    static var now: WallTime {
        var time = timespec()
        clock_gettime(CLOCK_REALTIME, &time)
        return WallTime(milliseconds: Int64(time.tv_sec) * 1000 + Int64(time.tv_nsec) / 1_000_000)
    }

    private static func signal(_ number: Int32?) -> String {
        number.map { "signal \(SignalName.text($0))" } ?? "a signal"
    }
}
