import HoldfastCore
import HoldfastGuardCore
import HoldfastJobs
import HoldfastSessions

/// Tells people what the difference between two chosen records means.
extension Node {
    mutating func narrate(_ key: Key, _ before: KeyRecord?, _ now: KeyRecord) {
        self.narrateDeclaration(key, before, now)
        if let last = now.last, last != before?.last {
            self.observe(
                last.how == .lost ? .lost : .ended, key: key, host: last.session.host,
                token: last.token, Self.text(of: last, delay: now))
        }
        if let holder = now.holder, holder != before?.holder {
            switch holder.phase {
            case .starting:
                self.observe(
                    .claimed, key: key, host: holder.session.host, token: now.token, "claimed")
            case .running(let processID):
                self.observe(
                    .started, key: key, host: holder.session.host, token: now.token,
                    "running as process \(processID)")
            }
        }
        guard now.rest != before?.rest ?? .none else { return }
        switch now.rest {
        case .none: break
        case .finished: self.observe(.finished, key: key, token: now.token, "finished")
        case .gaveUp:
            self.observe(
                .gaveUp, key: key, token: now.token,
                "ended too often: given up until it is started by hand")
        }
    }

    private mutating func narrateDeclaration(
        _ key: Key, _ before: KeyRecord?, _ now: KeyRecord
    ) {
        switch (before?.job, now.job) {
        case (nil, nil): break
        case (nil, _?): self.observe(.declared, key: key, "declared")
        case (_?, nil): self.observe(.removed, key: key, "removed")
        case (let old?, let new?):
            if old.spec != new.spec { self.observe(.declared, key: key, "declared anew") }
            guard old.isWanted != new.isWanted else { return }
            self.observe(
                new.isWanted ? .wanted : .unwanted, key: key,
                new.isWanted ? "to be started" : "to be stopped")
        }
    }

    private static func text(of last: Ending, delay record: KeyRecord) -> String {
        let how =
            switch last.how {
            case .exited(let code): "exited with \(code)"
            case .signalled(let signal, let dumpedCore):
                "ended by signal \(signal)" + (dumpedCore ? ", core dumped" : "")
            case .launchFailed(let step, let errorNumber):
                "could not be launched: cannot "
                    + (LaunchStep(rawValue: step)?.description ?? "take step \(step)")
                    + ": " + ErrorName.text(errorNumber)
            case .refused(let reason): "could not be launched: \(reason)"
            case .lost: "lost with its host"
            case .neverStarted: "claimed and never started"
            }
        let cause =
            switch last.cause {
            case .itself: ""
            case .stopped: ", as asked"
            case .fenced: last.how == .lost ? "" : ", fenced without a quorum"
            case .outOfMemory: ", out of memory"
            case .hostEnding: ", its host is stopping"
            }
        let again =
            record.holder == nil && record.isRunWanted && record.delay > .zero
            ? "; again in \(Self.seconds(record.delay))" : ""
        return how + cause + again
    }

    private static func seconds(_ span: Duration) -> String {
        let milliseconds = span.wholeNanoseconds / 1_000_000
        return milliseconds % 1000 == 0 ? "\(milliseconds / 1000) s" : "\(milliseconds) ms"
    }

    mutating func narrate(_ host: HostName, _ before: SessionRecord?, _ now: SessionRecord) {
        switch now.phase {
        case .open:
            self.observe(.hostJoined, host: host, "session \(now.epoch) is open")
        case .closed(.expired):
            self.observe(.hostGone, host: host, "session \(now.epoch) expired: its keys are free")
        case .closed(.byHolder):
            self.observe(.hostLeft, host: host, "session \(now.epoch) was given back")
        }
    }
}
