package import HoldfastCore
package import HoldfastGuardCore
package import HoldfastPaxos
import HoldfastSessions

/// What this host can say of itself without asking anybody.
package struct NodeStatus: Hashable, Sendable {
    package enum Session: Hashable, Sendable {
        /// No guard is connected.
        case noGuard
        /// Not all intended voters have agreed on the first configuration.
        case forming
        case opening
        case serving(Epoch, left: Duration?)
        case ending
    }

    package struct Quorum: Hashable, Sendable {
        /// Voters that answered lately, this host included.
        package var have: Int
        package var need: Int
        package var of: Int

        package var isThere: Bool { self.have >= self.need }
    }

    package var session: Session
    package var quorum: Quorum
    package var containment: Containment?
    package var isFenced: Bool
    package var runCount: Int
    package var configuration: ClusterConfiguration?
}

extension Node {
    package var quorum: NodeStatus.Quorum {
        let size = self.configuration?.voters.count ?? self.settings.hosts.count
        let need = size / 2 + 1
        let span = self.settings.lease.heartbeat.scaled(by: 3)
        guard case .serving(let lease) = self.holding else {
            // Without a session of our own: whose heartbeats this voter hears.
            let heard = self.settings.hosts.filter { host in
                host == self.settings.host
                    || self.voter.lastHeard(host).map {
                        self.now.moment.voterElapsed(since: $0) < span
                    } ?? false
            }
            return NodeStatus.Quorum(have: heard.count, need: need, of: size)
        }
        return NodeStatus.Quorum(
            have: lease.heardVoters(within: span, at: self.now.moment), need: need, of: size)
    }

    package func status(at now: Now) -> NodeStatus {
        NodeStatus(
            session: self.sessionStatus(at: now), quorum: self.quorum,
            containment: self.guardLink?.hello.containment,
            isFenced: self.guardLink?.isFenced ?? false, runCount: self.runs.count,
            configuration: self.configuration)
    }

    private func sessionStatus(at now: Now) -> NodeStatus.Session {
        guard self.configuration != nil else { return .forming }
        guard self.guardLink != nil else { return .noGuard }
        switch self.holding {
        case .idle, .examining, .opening, .adopting: return .opening
        case .serving(let lease): return .serving(lease.epoch, left: lease.left(at: now.moment))
        case .retiring, .releasing, .ended: return .ending
        }
    }

    /// What is known to be chosen: for lists, hints and `--stale` (P10).
    package var knowledge: Learner { self.learner }

    /// When this voter last heard a heartbeat of a host, for people.
    package func lastHeard(_ host: HostName) -> Moment? { self.voter.lastHeard(host) }

    /// Whether a session is chosen closed, for certain.
    package func isClosed(_ session: SessionID) -> Bool { self.learner.isClosed(session) }
}
