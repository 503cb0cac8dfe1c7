import HoldfastCore
import HoldfastJobs

extension ByteWriter {
    mutating func write(_ session: SessionID) {
        self.write(session.host.text)
        self.write(session.epoch)
    }

    mutating func write(_ holder: Holder) {
        self.write(holder.session)
        self.write(holder.nonce)
        switch holder.phase {
        case .starting: self.write(UInt8(1))
        case .running(let processID):
            self.write(UInt8(2))
            self.write(processID)
        }
        self.write(holder.generation)
        self.write(holder.since.milliseconds)
    }

    mutating func write(_ job: Declaration) {
        self.write(job.spec)
        self.write(job.generation)
        self.write(job.isWanted)
        self.write(job.isTransient)
    }

    mutating func write(_ how: Ending.How) {
        switch how {
        case .exited(let code):
            self.write(UInt8(1))
            self.write(code)
        case .signalled(let signal, let dumpedCore):
            self.write(UInt8(2))
            self.write(signal)
            self.write(dumpedCore)
        case .launchFailed(let step, let errorNumber):
            self.write(UInt8(3))
            self.write(step)
            self.write(errorNumber)
        case .refused(let reason):
            self.write(UInt8(4))
            self.write(reason)
        case .lost: self.write(UInt8(5))
        case .neverStarted: self.write(UInt8(6))
        }
    }

    mutating func write(_ ending: Ending) {
        self.write(ending.token)
        self.write(ending.session)
        self.write(ending.how)
        self.write(ending.cause.rawValue)
        self.write(ending.at.milliseconds)
        self.write(ending.ran)
    }

    mutating func write(_ spec: JobSpec) {
        self.write(list: spec.command) { $0.write($1) }
        self.write(list: spec.environment) {
            $0.write($1.name)
            $0.write($1.value)
        }
        self.write(spec.directory) { $0.write($1) }
        self.write(spec.user) { $0.write($1) }
        self.write(spec.group) { $0.write($1) }
        self.write(list: spec.placement.require) { $0.write($1) }
        self.write(list: spec.placement.prefer) { $0.write($1) }
        self.write(spec.start.rawValue)
        self.write(spec.restart)
        self.write(spec.stop.signal)
        self.write(spec.stop.grace)
        self.write(spec.onQuorumLoss.rawValue)
        self.write(spec.freezeLimit) { $0.write($1) }
        self.write(spec.logs.fileBytes)
        self.write(spec.logs.fileCount)
    }

    private mutating func write(_ label: Label) {
        self.write(label.name)
        self.write(label.value)
    }

    private mutating func write(_ policy: RestartPolicy) {
        self.write(policy.condition.rawValue)
        self.write(policy.delay)
        self.write(policy.maximumDelay)
        self.write(policy.giveUp) {
            $0.write($1.count)
            $0.write($1.within)
        }
    }
}

extension ByteReader {
    /// One byte that names a case.
    mutating func tag<Tag: RawRepresentable<UInt8>>(
        _ type: Tag.Type = Tag.self
    ) throws(MalformedBytes) -> Tag {
        guard let tag = Tag(rawValue: try self.byte()) else { throw .unknown }
        return tag
    }

    mutating func session() throws(MalformedBytes) -> SessionID {
        SessionID(host: try self.hostName(), epoch: try self.ordinal())
    }

    mutating func holder() throws(MalformedBytes) -> Holder {
        let session = try self.session()
        let nonce = try self.identifier()
        let phase: Holder.Phase
        switch try self.byte() {
        case 1: phase = .starting
        case 2: phase = .running(processID: try self.integer())
        default: throw .unknown
        }
        return Holder(
            session: session, nonce: nonce, phase: phase, generation: try self.ordinal(),
            since: try self.wallTime())
    }

    mutating func declaration() throws(MalformedBytes) -> Declaration {
        Declaration(
            spec: try self.jobSpec(), generation: try self.ordinal(), isWanted: try self.bool(),
            isTransient: try self.bool())
    }

    mutating func how() throws(MalformedBytes) -> Ending.How {
        switch try self.byte() {
        case 1: return .exited(code: try self.byte())
        case 2: return .signalled(try self.byte(), dumpedCore: try self.bool())
        case 3: return .launchFailed(step: try self.byte(), errorNumber: try self.integer())
        case 4: return .refused(try self.text(limit: Limits.textBytes))
        case 5: return .lost
        case 6: return .neverStarted
        default: throw .unknown
        }
    }

    mutating func ending() throws(MalformedBytes) -> Ending {
        Ending(
            token: try self.ordinal(), session: try self.session(), how: try self.how(),
            cause: try self.tag(), at: try self.wallTime(), ran: try self.elapsed())
    }

    mutating func jobSpec() throws(MalformedBytes) -> JobSpec {
        let command = try self.texts(limit: Limits.argumentCount)
        guard !command.isEmpty else { throw .unknown }
        var spec = JobSpec(command: command)
        spec.environment = try self.list(limit: Limits.environmentCount) {
            (r) throws(MalformedBytes) in
            EnvironmentVariable(
                name: try r.text(limit: Limits.commandBytes),
                value: try r.text(limit: Limits.commandBytes))
        }
        spec.directory = try self.shortText()
        spec.user = try self.shortText()
        spec.group = try self.shortText()
        spec.placement.require = try self.labels()
        spec.placement.prefer = try self.labels()
        spec.start = try self.tag()
        spec.restart = try self.restartPolicy()
        spec.stop = StopPolicy(
            signal: try self.integer(in: 1...64), grace: try self.configured())
        spec.onQuorumLoss = try self.tag()
        spec.freezeLimit = try self.optional { (r) throws(MalformedBytes) in try r.configured() }
        spec.logs = LogPolicy(
            fileBytes: try self.integer(), fileCount: try self.integer(in: 1...100))
        return spec
    }

    private mutating func texts(limit: Int) throws(MalformedBytes) -> [String] {
        try self.list(limit: limit) { (r) throws(MalformedBytes) in
            try r.text(limit: Limits.commandBytes)
        }
    }

    private mutating func shortText() throws(MalformedBytes) -> String? {
        try self.optional { (r) throws(MalformedBytes) in try r.text(limit: Limits.textBytes) }
    }

    private mutating func labels() throws(MalformedBytes) -> [Label] {
        try self.list(limit: Limits.labelCount) { (r) throws(MalformedBytes) in
            Label(
                name: try r.text(limit: Limits.textBytes),
                value: try r.text(limit: Limits.textBytes))
        }
    }

    private mutating func restartPolicy() throws(MalformedBytes) -> RestartPolicy {
        RestartPolicy(
            condition: try self.tag(), delay: try self.configured(),
            maximumDelay: try self.configured(),
            giveUp: try self.optional { (r) throws(MalformedBytes) in
                RestartPolicy.GiveUp(
                    count: try r.integer(in: 1...100), within: try r.configured())
            })
    }
}
