import HoldfastCore

/// Everything that goes wrong, four times a second; and the end of it.
extension World {
    mutating func tick() {
        self.queue.add(.tick, at: self.now + Self.tickLength)
        if self.isQuiet {
            if !self.isInOrder { self.lastDisorder = self.now }
            return
        }
        self.drawRequests()
        for host in self.hosts.indices { self.drawFaults(of: host) }
    }

    /// Whether something that happens so often a minute happens within this tick.
    private mutating func happens(_ perMinute: Double) -> Bool {
        perMinute > 0 && self.random.chance(perMinute / 240)
    }

    func restartDelayLimit() -> Duration {
        self.isQuiet ? .milliseconds(100) : self.plan.restartDelay
    }

    mutating func restartDelay() -> Duration {
        .milliseconds(1) + self.random.upTo(self.restartDelayLimit())
    }

    private mutating func drawFaults(of host: Int) {
        self.drawCuts(of: host)
        if self.happens(self.plan.agentCrashes), self.hosts[host].node != nil {
            self.figures.agentCrashes += 1
            self.killAgent(host)
            self.restartAgent(host, after: self.restartDelay())
        }
        if self.happens(self.plan.agentHangs), self.hosts[host].node != nil {
            self.figures.agentHangs += 1
            self.hangAgent(host, for: self.random.upTo(self.plan.hangLength))
        }
        if self.happens(self.plan.guardDisconnections), self.hosts[host].connection != nil {
            self.figures.guardDisconnections += 1
            self.disconnectGuard(host)
        }
        if self.happens(self.plan.guardKills), self.hosts[host].guardProcess != nil {
            self.figures.guardKills += 1
            self.killGuard(host)
            self.restartGuard(host, after: self.restartDelay())
        }
        if self.happens(self.plan.guardStops), self.hosts[host].guardProcess != nil {
            self.figures.guardStops += 1
            self.stopGuard(host, for: self.random.upTo(self.plan.hangLength))
        }
        if self.happens(self.plan.powerCuts) {
            self.figures.powerCuts += 1
            self.cutPower(host)
            self.restartAll(host)
        }
        if self.happens(self.plan.departures), self.hosts[host].guardProcess != nil {
            self.figures.departures += 1
            self.terminateGuard(host)
        }
        if self.happens(self.plan.diskStalls) {
            self.figures.diskStalls += 1
            self.stallDisk(host, for: self.random.upTo(self.plan.stallLength))
        }
    }

    private mutating func drawCuts(of host: Int) {
        guard self.names.count > 1 else { return }
        let other = (host + 1 + self.random.below(self.names.count - 1)) % self.names.count
        let name = self.names[other]
        let span = self.random.upTo(self.plan.cutLength)
        if self.happens(self.plan.oneWayCuts) {
            self.figures.cuts += 1
            self.note(host, "net", "no longer reaches \(name), for \(span)")
            self.cut(host, other, for: span)
        }
        if self.happens(self.plan.partialCuts) {
            self.figures.cuts += 1
            self.note(host, "net", "is parted from \(name) for \(span)")
            self.cut(host, other, for: span)
            self.cut(other, host, for: span)
        }
        if self.happens(self.plan.isolations) {
            self.figures.cuts += 1
            self.isolate(host, for: span)
        }
    }

    mutating func restartAll(_ host: Int) {
        self.restartGuard(host, after: self.restartDelay())
        self.restartAgent(host, after: self.restartDelay())
    }

    /// Power failure: everything of the host stops at one instant.
    package mutating func cutPower(_ host: Int) {
        self.note(host, "host", "loses its power")
        for name in self.hosts[host].children.keys.sorted() { self.removeChild(host, name) }
        self.killGuard(host)
        self.killAgent(host)
    }

    /// The last fault is over; every process is up, and stays up.
    package mutating func endFaults() {
        self.note(nil, "world", "faults end")
        self.isQuiet = true
        self.quietSince = self.now
        self.lastDisorder = self.now
        self.healNetwork()
        for host in self.hosts.indices {
            self.hosts[host].disk.stalledUntil = self.now
            if self.hosts[host].isHung {
                self.hosts[host].hungUntil = self.now
                self.resumeAgent(host, self.hosts[host].agentLife)
            }
            if self.hosts[host].isGuardStopped {
                self.continueGuard(host, self.hosts[host].guardLife)
            }
            for name in self.hosts[host].children.keys.sorted() { self.shortenLife(host, name) }
            self.restartAll(host)
        }
    }
}
