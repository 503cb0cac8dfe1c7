import HoldfastCore
package import HoldfastJobs
package import HoldfastNode

/// The users: they ask and change, anywhere, and believe what they are told.
extension World {
    mutating func drawRequests() {
        let perTick = self.plan.requests / 4
        guard self.random.chance(min(1, perTick)) else { return }
        self.queue.add(.requested, at: self.now + self.random.upTo(Self.tickLength))
    }

    mutating func requestSomething() {
        guard !self.isQuiet else { return }
        let host = self.random.below(self.hosts.count)
        let key = self.random.pick(self.keys)
        let request: NodeRequest
        switch self.random.below(20) {
        case 0..<5: request = .change(key, .declare(self.drawSpec()))
        case 5..<7: request = .change(key, .run(self.drawSpec()))
        case 7..<10: request = .change(key, .start)
        case 10..<12: request = .change(key, .stop)
        case 12..<14: request = .change(key, .restart)
        case 14: request = .change(key, .remove)
        default: request = .read(key)
        }
        self.request(request, on: host)
    }

    /// - Returns: The number under which the answer will be found; `nil`: nobody listens.
    @discardableResult
    package mutating func request(_ request: NodeRequest, on host: Int) -> RequestID? {
        guard self.hosts[host].node != nil else { return nil }
        self.figures.requests += 1
        let id = self.history.asked(request, self.checker)
        self.note(host, "user", "asks, question \(id): \(Self.text(request))")
        self.tell(host, .requested(id, request))
        return id
    }

    /// A spec that differs from every other, so that what became of it can be told.
    package mutating func drawSpec() -> JobSpec {
        self.specCount += 1
        var spec = JobSpec(command: ["job", "\(self.specCount)"])
        spec.restart = RestartPolicy(
            condition: self.random.pick([.always, .always, .onFailure, .never]),
            delay: self.random.pick([.zero, .milliseconds(100), .seconds(1)]),
            maximumDelay: .seconds(2))
        if self.random.chance(0.2) {
            spec.restart.giveUp = .init(count: 3, within: .seconds(10))
        }
        spec.stop = StopPolicy(
            grace: self.random.pick([.milliseconds(100), .seconds(1), .seconds(5)]))
        spec.onQuorumLoss = self.random.pick([.freeze, .freeze, .stop, .kill])
        spec.freezeLimit = self.random.pick([nil, nil, .seconds(1), .seconds(10)])
        if self.random.chance(0.2) {
            let label = Label(name: "host", value: self.random.pick(self.names).text)
            spec.placement = Placement(require: [label])
        }
        if self.random.chance(0.2) { spec.start = .onDemand }
        return spec
    }

    private static func text(_ request: NodeRequest) -> String {
        switch request {
        case .read(let key): "read \(key)"
        case .change(let key, .declare(let spec)): "declare \(key) as \(spec.command[1])"
        case .change(let key, .run(let spec)): "run \(key) as \(spec.command[1])"
        case .change(let key, .remove): "remove \(key)"
        case .change(let key, .start): "start \(key)"
        case .change(let key, .stop): "stop \(key)"
        case .change(let key, .restart): "restart \(key)"
        }
    }
}
