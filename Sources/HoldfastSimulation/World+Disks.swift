import HoldfastCore
import HoldfastNode
import HoldfastPaxos
import HoldfastWire

/// The disks: when a write is durable, and who learns of it.
extension World {
    /// S2 °: heartbeats obey a closing from before it is durable.
    mutating func takeIn(_ writes: [DurableWrite], _ host: Int) {
        for write in writes {
            guard case .accepted(let register, let accepted) = write else { continue }
            self.checker.proposedValue(register, accepted)
            if register.bucket == RegisterID.sessionBucket {
                self.hosts[host].sessionsTakenIn[register] = accepted
            }
        }
    }

    mutating func beginSync(_ host: Int) {
        guard self.hosts[host].disk.beginSync() else { return }
        let begin = max(self.now, self.hosts[host].disk.stalledUntil)
        let least = self.plan.syncDelay / 10
        let delay = self.random.between(least, self.plan.syncDelay)
        self.queue.add(
            .diskSynced(host, life: self.hosts[host].agentLife), at: begin + delay)
    }

    mutating func didSync(_ host: Int, _ life: UInt64) {
        guard self.hosts[host].agentLife == life else { return }
        guard self.hosts[host].disk.stalledUntil <= self.now else {
            self.queue.add(
                .diskSynced(host, life: life), at: self.hosts[host].disk.stalledUntil)
            return
        }
        guard let (writes, number) = self.hosts[host].disk.endSync() else { return }
        for write in writes { self.persisted(write, host) }
        self.tell(host, .wrote(through: number))
        self.beginSync(host)
    }

    mutating func persisted(_ write: DurableWrite, _ host: Int) {
        guard case .accepted(let register, let accepted) = write else { return }
        guard let record = self.checker.persisted(register, accepted, by: host) else { return }
        self.history.check(record, &self.checker)
        self.note(
            nil, "chosen", "\(register.key) at \(accepted.ballot): \(Self.text(record))")
    }

    /// The disk answers nothing for a while; the agent notices after a second.
    package mutating func stallDisk(_ host: Int, for span: Duration) {
        self.note(host, "disk", "stalls for \(span)")
        self.hosts[host].disk.stalledUntil = self.now + span
        let life = self.hosts[host].agentLife
        guard span > .seconds(1) else { return }
        self.queue.add(
            .agentHears(host, life: life, .diskStalled(true)), at: self.now + .seconds(1))
        self.queue.add(.agentHears(host, life: life, .diskStalled(false)), at: self.now + span)
    }
}
