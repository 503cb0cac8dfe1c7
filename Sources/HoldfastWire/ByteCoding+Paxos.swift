import HoldfastCore
import HoldfastJobs
import HoldfastPaxos

extension ByteWriter {
    mutating func write(_ register: RegisterID) {
        self.write(register.bucket)
        self.write(register.key)
    }

    mutating func write(_ ballot: Ballot) {
        self.write(ballot.counter)
        self.write(ballot.incarnation)
    }

    mutating func write(_ accepted: Accepted) {
        self.write(accepted.ballot)
        self.write(accepted.value)
    }

    mutating func write(_ configuration: ClusterConfiguration) {
        self.write(configuration.cluster)
        self.write(configuration.name)
        self.write(configuration.version)
        self.write(list: configuration.voters) {
            $0.write($1.host.text)
            $0.write($1.acceptor)
        }
        self.write(configuration.term)
    }

    mutating func write(_ outcome: ForwardOutcome) {
        switch outcome {
        case .won(let accepted):
            self.write(UInt8(1))
            self.write(accepted)
        case .refused(let refusal, let accepted):
            self.write(UInt8(2))
            self.write(refusal.rawValue)
            self.write(accepted) { $0.write($1) }
        case .notProposed: self.write(UInt8(3))
        }
    }

    mutating func write(_ change: KeyChange) {
        switch change {
        case .declare(let spec, let request): self.begin(1, spec, request)
        case .run(let spec, let request): self.begin(2, spec, request)
        case .remove(let request): self.begin(3, request)
        case .start(let request): self.begin(4, request)
        case .stop(let request): self.begin(5, request)
        case .restart(let request): self.begin(6, request)
        case .claim(let session, let nonce, let now):
            self.begin(7, nonce)
            self.write(session)
            self.write(now.milliseconds)
        case .started(let nonce, let processID, let now):
            self.begin(8, nonce)
            self.write(processID)
            self.write(now.milliseconds)
        case .vacate(let nonce, let vacancy):
            self.begin(9, nonce)
            self.write(vacancy.how)
            self.write(vacancy.cause.rawValue)
            self.write(vacancy.at.milliseconds)
            self.write(vacancy.ran)
        case .reap(let now):
            self.write(UInt8(10))
            self.write(now.milliseconds)
        }
    }

    private mutating func begin(_ tag: UInt8, _ nonce: Nonce) {
        self.write(tag)
        self.write(nonce)
    }

    private mutating func begin(_ tag: UInt8, _ spec: JobSpec, _ request: Nonce) {
        self.begin(tag, request)
        self.write(spec)
    }
}

extension ByteReader {
    mutating func register() throws(MalformedBytes) -> RegisterID {
        RegisterID(
            bucket: try self.text(limit: Limits.keyBytes),
            key: try self.text(limit: Limits.keyBytes))
    }

    mutating func ballot() throws(MalformedBytes) -> Ballot {
        let ballot = Ballot(counter: try self.integer(), incarnation: try self.integer())
        // P5: beyond this a counter could not be moved past any more.
        guard ballot.counter <= Ballot.counterLimit else { throw .tooLarge }
        return ballot
    }

    mutating func accepted() throws(MalformedBytes) -> Accepted {
        Accepted(ballot: try self.ballot(), value: try self.blob(limit: Limits.recordBytes))
    }

    mutating func key() throws(MalformedBytes) -> Key {
        let text = try self.text(limit: Limits.keyBytes)
        do { return try Key(text) } catch { throw .badText }
    }

    mutating func configuration() throws(MalformedBytes) -> ClusterConfiguration {
        ClusterConfiguration(
            cluster: try self.identifier(), name: try self.text(limit: Limits.textBytes),
            version: try self.integer(),
            voters: try self.list(limit: Limits.voterCount) { (r) throws(MalformedBytes) in
                ClusterConfiguration.Voter(
                    host: try r.hostName(), acceptor: try r.identifier())
            },
            term: try self.term())
    }

    mutating func forwardOutcome() throws(MalformedBytes) -> ForwardOutcome {
        switch try self.byte() {
        case 1: return .won(try self.accepted())
        case 2:
            return .refused(
                try self.tag(),
                try self.optional { (r) throws(MalformedBytes) in try r.accepted() })
        case 3: return .notProposed
        default: throw .unknown
        }
    }

    mutating func keyChange() throws(MalformedBytes) -> KeyChange {
        let tag = try self.byte()
        if tag == 10 { return .reap(at: try self.wallTime()) }
        let nonce = try self.identifier()
        switch tag {
        case 1: return .declare(try self.jobSpec(), request: nonce)
        case 2: return .run(try self.jobSpec(), request: nonce)
        case 3: return .remove(request: nonce)
        case 4: return .start(request: nonce)
        case 5: return .stop(request: nonce)
        case 6: return .restart(request: nonce)
        case 7:
            return .claim(
                session: try self.session(), nonce: nonce, at: try self.wallTime())
        case 8:
            return .started(
                nonce: nonce, processID: try self.integer(), at: try self.wallTime())
        case 9:
            return .vacate(
                nonce: nonce,
                KeyChange.Vacancy(
                    how: try self.how(), cause: try self.tag(), at: try self.wallTime(),
                    ran: try self.elapsed()))
        default: throw .unknown
        }
    }
}
