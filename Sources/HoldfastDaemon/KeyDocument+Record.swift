import HoldfastAPI
import HoldfastCore
import HoldfastGuardCore
import HoldfastJobs
import HoldfastNode
import HoldfastSpec

/// Chosen records as the API tells them.
struct KeyDescriber {
    let node: Node
    let host: HostName
    let now: Now
    /// Past this without a heartbeat, what a host runs counts as paused (F).
    let fence: Duration

    func describe(_ key: Key, _ record: KeyRecord?, basis: KeyDocument.Basis) -> KeyDocument {
        guard let record else {
            return KeyDocument(key: key.text, state: .unknown, basis: basis, wanted: .absent)
        }
        let (state, reason) = self.state(key, record)
        var document = KeyDocument(
            key: key.text, state: state, reason: reason, basis: basis,
            job: record.job.map { JobDocument($0.spec) },
            wanted: record.job.map { $0.isWanted ? .running : .stopped } ?? .absent,
            restarts: UInt64(record.restarts), last: record.last.map(Self.describe))
        if let holder = record.holder, !self.node.isClosed(holder.session) {
            document.host = holder.session.host.text
            document.token = record.token
            document.session = "\(holder.session)"
            document.since = Timestamp.text(holder.since)
            if case .running(let processID) = holder.phase { document.pid = processID }
            if holder.session.host == self.host,
                case .serving(_, let left) = self.node.status(at: self.now).session
            {
                document.leaseLeft = left?.inSeconds
            }
        }
        if state == .waiting, let left = self.delayLeft(key, record), left > .zero {
            document.nextAttemptIn = left.inSeconds
        }
        return document
    }

    private func delayLeft(_ key: Key, _ record: KeyRecord) -> Duration? {
        guard record.delay > .zero, let known = self.node.knowledge.keys[key] else { return nil }
        return record.delay - self.now.moment.holderElapsed(since: known.learned)
    }

    private func state(_ key: Key, _ record: KeyRecord) -> (KeyDocument.State, String?) {
        guard let holder = record.holder else { return self.vacantState(key, record) }
        if self.node.isClosed(holder.session) {
            return (.waiting, "\(holder.session.host), which had it, is gone")
        }
        if let reason = self.pauseReason(holder) { return (.paused, reason) }
        let isOld = holder.generation != record.job?.generation
        if !record.isRunWanted || isOld { return (.stopping, nil) }
        switch holder.phase {
        case .starting: return (.starting, nil)
        case .running: return (.running, nil)
        }
    }

    private func vacantState(_ key: Key, _ record: KeyRecord) -> (KeyDocument.State, String?) {
        guard let job = record.job else { return (.unknown, nil) }
        switch record.rest {
        case .finished: return (.finished, nil)
        case .gaveUp: return (.failed, "it ended too often; 'holdfast start' tries again")
        case .none: break
        }
        guard job.isWanted else {
            return (.stopped, job.spec.start == .onDemand ? "started on demand" : nil)
        }
        if let left = self.delayLeft(key, record), left > .zero {
            return (.waiting, "between two attempts")
        }
        let fitting = Ranking.order(
            self.node.candidates, for: key, placement: job.spec.placement, last: nil)
        return (.waiting, fitting.isEmpty ? "no host that is up fits" : "about to be claimed")
    }

    private func pauseReason(_ holder: Holder) -> String? {
        let owner = holder.session.host
        if owner == self.host {
            return self.node.status(at: self.now).isFenced
                ? "this host has no quorum; resumes by itself" : nil
        }
        guard let heard = self.node.lastHeard(owner) else { return nil }
        let silence = self.now.moment.voterElapsed(since: heard)
        guard silence >= self.fence else { return nil }
        return "\(owner) has not been heard of for \(Int(silence.inSeconds)) s"
    }

    private static func describe(_ last: Ending) -> EndingDocument {
        var document = EndingDocument(
            token: last.token, host: last.session.host.text, how: .lost,
            at: Timestamp.text(last.at), ran: last.ran.inSeconds)
        switch last.how {
        case .exited(let code):
            document.how = last.cause == .stopped ? .stopped : .exited
            document.code = Int32(code)
        case .signalled(let signal, let dumpedCore):
            document.how = last.cause == .stopped ? .stopped : dumpedCore ? .core : .signalled
            document.signal = Int32(signal)
        case .launchFailed(let step, let errorNumber):
            document.how = .failedToStart
            document.reason = Self.reason(step, errorNumber)
        case .refused(let reason):
            document.how = .failedToStart
            document.reason = reason
        case .lost: document.how = .lost
        case .neverStarted: document.how = .neverStarted
        }
        switch last.cause {
        case .itself, .stopped: break
        case .fenced:
            if last.how != .lost { document.reason = "its host had no quorum" }
        case .outOfMemory: document.reason = "out of memory"
        case .hostEnding: document.reason = "its host was being stopped"
        }
        return document
    }

    static func reason(_ step: UInt8, _ errorNumber: Int32) -> String {
        let what = LaunchStep(rawValue: step)?.description ?? "take step \(step)"
        return "cannot \(what): \(SystemError.text(errorNumber))"
    }
}
