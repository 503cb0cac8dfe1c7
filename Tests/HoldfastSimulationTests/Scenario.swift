import HoldfastCore
import HoldfastJobs
import HoldfastNode
import HoldfastSimulation
import HoldfastWire
import Testing

/// Three hosts, one key, nothing wrong yet.
struct Scenario {
    var world: World
    let key: Key

    init(seed: UInt64 = 1, hosts: Int = 3) {
        self.world = World(.calm(seed: seed, hostCount: hosts))
        self.key = self.world.key(0)
    }

    static var spec: JobSpec {
        JobSpec(
            command: ["job", "scenario"], restart: RestartPolicy(delay: .zero),
            stop: StopPolicy(grace: .seconds(1)))
    }

    /// Forms the cluster, declares the key and waits until it runs.
    ///
    /// - Returns: The host that runs it.
    mutating func begin(_ spec: JobSpec = Scenario.spec) throws -> Int {
        self.world.run(for: .seconds(3))
        self.world.request(.change(self.key, .declare(spec)), on: 0)
        let key = self.key
        let runs = self.world.run(within: .seconds(5)) {
            $0.disorder(of: key) == nil && $0.holder(of: key) != nil
        }
        #expect(runs)
        return try #require(self.world.holder(of: self.key))
    }

    /// Ends all trouble; everything must be in order in the end.
    mutating func conclude() {
        self.world.runToEnd()
        #expect(self.world.violation == nil)
    }

    /// A host that is not among these.
    func other(than hosts: Int...) -> Int {
        (0..<3).first { !hosts.contains($0) } ?? 0
    }
}

extension PeerMessage {
    var isAccept: Bool {
        if case .accept = self { true } else { false }
    }

    var isAccepted: Bool {
        if case .accepted = self { true } else { false }
    }

    var isHeartbeat: Bool {
        if case .heartbeat = self { true } else { false }
    }

    var isAcknowledgement: Bool {
        if case .heartbeatAcknowledged = self { true } else { false }
    }

    /// An accept for a key, not for a session.
    var isAcceptOfKey: Bool {
        guard case .accept(_, let register, _, _) = self else { return false }
        return register.bucket == RegisterID.keyBucket
    }

    var isAcceptOfSession: Bool {
        guard case .accept(_, let register, _, _) = self else { return false }
        return register.bucket == RegisterID.sessionBucket
    }
}
