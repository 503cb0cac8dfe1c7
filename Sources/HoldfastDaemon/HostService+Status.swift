package import HoldfastAPI
import HoldfastCore
import HoldfastJobs
import HoldfastNode
import HoldfastSessions

extension HostService {
    package func hosts(_ answer: @escaping Answer<HostList>) {
        let node = self.driver.node
        let now = HostDriver.now()
        var running: [HostName: Int] = [:]
        for known in node.knowledge.keys.values {
            guard let holder = known.record.holder, !node.isClosed(holder.session) else {
                continue
            }
            running[holder.session.host, default: 0] += 1
        }
        let documents = self.facts.hosts.map { host in
            self.describe(host, node, now, running: running[host] ?? 0)
        }
        answer(.success(HostList(hosts: documents)))
    }

    private func describe(
        _ host: HostName, _ node: Node, _ now: Now, running: Int
    ) -> HostDocument {
        let record = node.knowledge.sessions[host]?.record
        let heard = node.lastHeard(host).map { now.moment.voterElapsed(since: $0) }
        var document = HostDocument(
            host: host.text, state: .neverSeen, epoch: record?.epoch,
            address: self.facts.addresses[host] ?? "", isSelf: host == self.facts.host,
            lastHeardIn: heard?.inSeconds, running: running)
        guard let record else { return document }
        for label in record.details?.labels ?? [] { document.labels[label.name] = label.value }
        if !record.isOpen {
            document.state = .gone
        } else if host != self.facts.host, let heard,
            heard > self.facts.heartbeat.scaled(by: 2.5)
        {
            document.state = .suspected
        } else {
            document.state = .up
        }
        return document
    }

    package func status(_ answer: @escaping Answer<StatusDocument>) {
        let node = self.driver.node
        let now = HostDriver.now()
        let status = node.status(at: now)
        var jobs = StatusDocument.Jobs()
        let describer = self.describer
        for (key, known) in node.knowledge.keys {
            let document = describer.describe(key, known.record, basis: .cache)
            Self.count(document.state, in: &jobs)
        }
        let quorum = StatusDocument.Quorum(
            have: status.quorum.have, need: status.quorum.need, of: status.quorum.of,
            ok: status.quorum.isThere)
        answer(
            .success(
                StatusDocument(
                    cluster: self.facts.clusterName,
                    clusterID: status.configuration?.cluster.description,
                    host: self.facts.host.text, version: self.facts.version, quorum: quorum,
                    session: Self.session(status),
                    containment: status.containment?.description ?? "no guard",
                    users: self.facts.users, warnings: self.warnings(status), jobs: jobs,
                    summary: Self.summary(status, jobs))))
    }

    private static func count(
        _ state: KeyDocument.State, in jobs: inout StatusDocument.Jobs
    ) {
        switch state {
        case .running, .stopping: jobs.running += 1
        case .paused: jobs.paused += 1
        case .waiting, .starting: jobs.waiting += 1
        case .stopped, .finished: jobs.stopped += 1
        case .failed: jobs.failed += 1
        case .unknown: break
        }
    }

    private static func session(_ status: NodeStatus) -> StatusDocument.Session {
        switch status.session {
        case .noGuard: StatusDocument.Session(epoch: 0, state: "no guard")
        case .forming: StatusDocument.Session(epoch: 0, state: "forming")
        case .opening: StatusDocument.Session(epoch: 0, state: "opening")
        case .serving(let epoch, let left):
            StatusDocument.Session(
                epoch: epoch, state: status.isFenced ? "paused" : left == nil ? "expired" : "open",
                leaseLeft: left?.inSeconds)
        case .ending: StatusDocument.Session(epoch: 0, state: "ending")
        }
    }

    private func warnings(_ status: NodeStatus) -> [String] {
        var warnings = self.facts.warnings
        if let containment = status.containment, containment != .cgroup {
            warnings.append(
                "containment is '\(containment)': without a writable cgroup, a process that "
                    + "hides from its parent may outlive its job")
        }
        return warnings
    }

    private static func summary(
        _ status: NodeStatus, _ jobs: StatusDocument.Jobs
    ) -> String {
        let voters = "\(status.quorum.have) of \(status.quorum.of)"
        switch status.session {
        case .forming: return "waiting for all \(status.quorum.of) hosts to form the cluster"
        case .noGuard: return "no guard: start holdfast-guard; nothing can be launched here"
        case .opening, .ending, .serving: break
        }
        guard status.quorum.isThere else {
            let paused =
                status.isFenced ? "\(Self.jobCount(status.runCount)) paused" : "about to pause"
            return "no quorum: \(voters); \(paused); resumes by itself"
        }
        var parts = ["quorum: \(voters)", "\(Self.jobCount(jobs.running)) running"]
        if jobs.paused > 0 { parts.append("\(jobs.paused) paused") }
        if jobs.waiting > 0 { parts.append("\(jobs.waiting) waiting") }
        if jobs.failed > 0 { parts.append("\(jobs.failed) failed") }
        return parts.joined(separator: "; ")
    }

    private static func jobCount(_ count: Int) -> String {
        count == 1 ? "1 job" : "\(count) jobs"
    }
}
