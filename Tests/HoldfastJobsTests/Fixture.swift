import HoldfastCore
import HoldfastJobs

/// Records to begin with.
enum Fixture {
    static let spec = JobSpec(command: ["/bin/one"])
    static let other = JobSpec(command: ["/bin/two"])
    static let onDemand = JobSpec(command: ["/bin/one"], start: .onDemand)

    static func host(_ text: String) -> HostName {
        do { return try HostName(text) } catch { preconditionFailure("\(text): \(error)") }
    }

    static func session(_ host: String, _ epoch: UInt64) -> SessionID {
        SessionID(host: Self.host(host), epoch: epoch)
    }

    static func nonce(_ number: UInt64) -> Nonce { Nonce(high: 0, low: number) }

    static func time(_ milliseconds: Int64) -> WallTime { WallTime(milliseconds: milliseconds) }

    /// Declared and wanted, not held.
    static func declared(
        token: UInt64 = 0, _ change: (inout KeyRecord) -> Void = { _ in }
    ) -> KeyRecord {
        var record = KeyRecord()
        record.token = token
        record.job = Declaration(
            spec: Self.spec, generation: 1, isWanted: true, isTransient: false)
        change(&record)
        return record
    }

    static func holder(
        _ host: String, _ epoch: UInt64, nonce: UInt64, since: Int64
    ) -> Holder {
        Holder(
            session: Self.session(host, epoch), nonce: Self.nonce(nonce), phase: .starting,
            generation: 1, since: Self.time(since))
    }

    /// Declared, wanted and held by `host`.
    static func held(
        token: UInt64, host: String = "a", epoch: UInt64 = 1,
        _ change: (inout KeyRecord) -> Void = { _ in }
    ) -> KeyRecord {
        Self.declared(token: token) {
            $0.holder = Self.holder(host, epoch, nonce: 1, since: 100)
            change(&$0)
        }
    }

    static func vacancy(
        _ how: Ending.How, _ cause: Ending.Cause = .itself, at: Int64 = 900,
        ran: Duration = .seconds(1)
    ) -> KeyChange.Vacancy {
        KeyChange.Vacancy(how: how, cause: cause, at: Self.time(at), ran: ran)
    }

    static func ending(
        _ token: UInt64, _ how: Ending.How, _ cause: Ending.Cause, at: Int64 = 900,
        ran: Duration = .seconds(1)
    ) -> Ending {
        Ending(
            token: token, session: Self.session("a", 1), how: how, cause: cause,
            at: Self.time(at), ran: ran)
    }
}
