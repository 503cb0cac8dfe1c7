package import HoldfastCore
package import HoldfastJobs
import HoldfastNode
import HoldfastPaxos
package import HoldfastSessions
import HoldfastWire

/// What must be true once the faults are over (I12).
extension World {
    /// The newest chosen record of a key, as an onlooker knows it.
    package func chosen(_ key: Key) -> KeyRecord? {
        self.checker.registers[.key(key)]?.newest.flatMap {
            try? RecordCoding.decodeKey($0.value)
        }
    }

    /// Why a key is not as it should be; `nil`: it is.
    package func disorder(of key: Key) -> String? {
        let record = self.chosen(key)
        let executing = self.checker.executing[key.text] ?? []
        guard let record, record.isRunWanted else {
            if let stray = executing.first { return "\(stray.name) executes, and nobody wants it" }
            if record?.holder != nil { return "\(key) is held, and nobody wants it" }
            return nil
        }
        guard let holder = record.holder else { return "\(key) is wanted, and nobody has it" }
        guard let only = executing.first, executing.count == 1 else {
            return "\(key) is held by \(holder.session), and \(executing.count) processes execute"
        }
        guard only.name.token == record.token, self.names[only.host] == holder.session.host
        else { return "\(only.name) executes, and \(holder.session) has the key" }
        guard holder.generation == record.job?.generation else {
            return "\(only.name) is of an old generation"
        }
        guard case .running = holder.phase else { return "\(only.name) is not known to run" }
        return nil
    }

    var isInOrder: Bool { self.keys.allSatisfy { self.disorder(of: $0) == nil } }

    mutating func requireOrder() {
        guard self.violation == nil else { return }
        self.figures.worstSettling = self.lastDisorder - self.quietSince
        for key in self.keys {
            guard let disorder = self.disorder(of: key) else { continue }
            self.checker.fail(
                .liveness, "\(self.settings.quietPhase) after the last fault: \(disorder)")
        }
        for host in self.hosts where host.node == nil || host.guardProcess == nil {
            self.checker.fail(.liveness, "\(host.name) did not come back")
        }
    }

    /// Every host is asked about every key.
    mutating func askEveryone() {
        self.answers = [:]
        for host in self.hosts.indices {
            for key in self.keys { self.request(.read(key), on: host) }
        }
    }

    /// All of them answered; that they answered alike was checked on the way (I4).
    mutating func requireAnswers() {
        guard self.violation == nil else { return }
        let expected = self.hosts.count * self.keys.count
        let chosen = self.answers.values.filter {
            switch $0 {
            case .chosen: true
            case .refused, .unknown, .noQuorum: false
            }
        }
        guard chosen.count == expected else {
            self.checker.fail(
                .liveness, "\(chosen.count) of \(expected) reads were answered in calm weather")
            return
        }
    }
}

/// How a scenario goes on until something has happened.
extension World {
    /// Runs until the condition holds after some event.
    ///
    /// - Returns: Whether it came to hold within the limit, without a violation.
    package mutating func run(
        within limit: Duration, until condition: (World) -> Bool
    ) -> Bool {
        let end = self.now + limit
        while self.violation == nil {
            if condition(self) { return true }
            guard let next = self.queue.nextTime, next <= end else { return false }
            self.step()
        }
        return false
    }

    /// The host whose process of this key executes, if exactly one does.
    package func holder(of key: Key) -> Int? {
        let executing = self.hosts(executing: key)
        return executing.count == 1 ? executing[0] : nil
    }

    /// What a session's register is chosen to hold.
    package func chosenSession(of host: Int) -> SessionRecord? {
        self.checker.registers[.session(of: self.names[host])]?.newest.flatMap {
            try? RecordCoding.decodeSession($0.value)
        }
    }
}
