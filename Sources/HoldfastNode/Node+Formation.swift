import HoldfastCore
import HoldfastPaxos
import HoldfastSessions
import HoldfastWire

/// What is known while the first configuration is being agreed on (M2).
struct Formation: Sendable {
    var notices: [HostName: FormationNotice] = [:]
    /// The configuration this host would form, once every voter's acceptor is known.
    var candidate: ClusterConfiguration?
    /// Being written; formed once durable.
    var writing: (configuration: ClusterConfiguration, number: UInt64)?
    var since: Int64?
}

/// First boot: all intended voters agree on one configuration before ballot 1 (M2).
///
/// Each host announces its acceptor. Who knows all of them computes the first configuration, and
/// announces that it agrees to it; who sees that all agree to the same one writes it. A host that
/// has formed keeps saying so, which is proof enough for the ones that were cut off meanwhile.
extension Node {
    mutating func beginFormation() {
        self.formation.since = self.now.moment.monotonic
        self.observe(
            .warning, host: self.settings.host,
            "waiting for all \(self.settings.hosts.count) hosts of cluster "
                + "'\(self.settings.clusterName)' to form it")
        self.announceFormation()
        self.considerForming()
    }

    mutating func announceFormation() {
        guard self.configuration == nil else { return }
        for host in self.settings.hosts where host != self.settings.host {
            self.send(.formation(self.notice), to: host)
        }
        self.setTimer(.formation, after: .milliseconds(200))
    }

    private var notice: FormationNotice {
        FormationNotice(
            intention: self.settings.intention, acceptor: self.acceptorID,
            agreed: self.formation.candidate?.cluster, formed: self.configuration)
    }

    mutating func receive(_ notice: FormationNotice, from host: HostName) {
        guard notice.intention == self.settings.intention else {
            self.warnOnce(
                "\(host) is configured for another cluster name, size, list of hosts or lease "
                    + "term: compare the cluster and lease sections of both files", host: host)
            return
        }
        if let configuration = self.configuration {
            if notice.formed == nil { self.send(.formation(self.notice), to: host) }
            if configuration.voter(host)?.acceptor != notice.acceptor {
                self.warnOnce(
                    "\(host) has another data directory than the one that formed this cluster: "
                        + "it cannot vote", host: host)
            }
            return
        }
        self.formation.notices[host] = notice
        if let formed = notice.formed {
            guard formed.voter(self.settings.host)?.acceptor == self.acceptorID else {
                self.warnOnce(
                    "the cluster was formed with another data directory of this host: it cannot "
                        + "vote; put the old directory back", host: host)
                return
            }
            self.write(formed)
            return
        }
        self.considerForming()
    }

    private mutating func considerForming() {
        guard self.formation.writing == nil, self.configuration == nil else { return }
        var voters = [
            ClusterConfiguration.Voter(host: self.settings.host, acceptor: self.acceptorID)
        ]
        for host in self.settings.hosts where host != self.settings.host {
            guard let notice = self.formation.notices[host] else { return }
            voters.append(ClusterConfiguration.Voter(host: host, acceptor: notice.acceptor))
        }
        let candidate = ClusterConfiguration.first(
            name: self.settings.clusterName, voters: voters, term: self.settings.lease.term)
        if self.formation.candidate != candidate {
            self.formation.candidate = candidate
            self.announceFormation()
        }
        let others = self.settings.hosts.filter { $0 != self.settings.host }
        guard others.allSatisfy({ self.formation.notices[$0]?.agreed == candidate.cluster })
        else { return }
        self.write(candidate)
    }

    private mutating func write(_ configuration: ClusterConfiguration) {
        guard self.formation.writing == nil, self.configuration == nil else { return }
        let number = self.acceptor.nextWrite()
        self.formation.writing = (configuration, number)
        self.effects.append(
            .write([.configuration(RecordCoding.encode(configuration))], number: number))
    }

    mutating func formationDidWrite(through number: UInt64) {
        guard let writing = self.formation.writing, writing.number <= number else { return }
        self.formation.writing = nil
        self.configuration = writing.configuration
        for host in self.settings.hosts where host != self.settings.host {
            self.send(.formation(self.notice), to: host)
        }
        self.didForm()
    }

    /// The host is a voter from now on.
    mutating func didForm() {
        self.timers.cancel(.formation)
        self.setTimer(.digest, after: self.randomness.upTo(.milliseconds(300)))
        self.setTimer(.rescan, after: .milliseconds(300))
        self.setTimer(.survey, after: self.settings.lease.term)
        self.scheduleVoterCheck()
        if self.guardLink != nil { self.beginHolding() }
    }
}
