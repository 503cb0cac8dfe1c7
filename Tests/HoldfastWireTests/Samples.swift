import HoldfastCore
import HoldfastJobs
import HoldfastPaxos
import HoldfastSessions
import HoldfastWire

/// One value of every kind, with every optional part there and not there.
enum Samples {
    static let host = Self.name("db1.example")
    static let key = Self.key("jobs/nightly – ü")
    static let nonce = Nonce(high: .max, low: 7)
    static let session = SessionID(host: host, epoch: 12)
    static let ballot = Ballot(counter: 77, incarnation: .max)
    static let register = RegisterID.key(key)
    static let accepted = Accepted(ballot: ballot, value: [1, 2, 3])
    static let time = WallTime(milliseconds: 1_700_000_000_123)

    static func name(_ text: String) -> HostName {
        do { return try HostName(text) } catch { preconditionFailure("\(text): \(error)") }
    }

    static func key(_ text: String) -> Key {
        do { return try Key(text) } catch { preconditionFailure("\(text): \(error)") }
    }

    static let plain = JobSpec(command: ["/bin/true"])

    static let full = JobSpec(
        command: ["/bin/sh", "-c", "echo \"ä\"\nexit 3"],
        environment: [EnvironmentVariable(name: "A", value: ""), .init(name: "B", value: "x=y")],
        directory: "/srv", user: "nobody", group: "65534",
        placement: Placement(
            require: [Label(name: "zone", value: "eu")], prefer: [Label(name: "ssd", value: "yes")]),
        start: .onDemand,
        restart: RestartPolicy(
            condition: .onFailure, delay: .milliseconds(50), maximumDelay: .seconds(9),
            giveUp: RestartPolicy.GiveUp(count: 10, within: .seconds(900))),
        stop: StopPolicy(signal: 2, grace: .seconds(3)), onQuorumLoss: .stop,
        freezeLimit: .seconds(60), logs: LogPolicy(fileBytes: 1, fileCount: 100))

    static let endings: [Ending.How] = [
        .exited(code: 255), .signalled(11, dumpedCore: true), .signalled(9, dumpedCore: false),
        .launchFailed(step: 13, errorNumber: -2), .refused("no such user: ä"), .lost, .neverStarted,
    ]

    static var keyRecords: [KeyRecord] {
        var full = KeyRecord()
        full.token = 1 << 60
        full.holder = Holder(
            session: Self.session, nonce: Self.nonce, phase: .running(processID: 4321),
            generation: 3, since: Self.time)
        full.job = Declaration(spec: Self.full, generation: 4, isWanted: true, isTransient: true)
        full.restarts = 1_000_000
        full.delay = .seconds(86_400)
        full.recentEnds = (0..<100).map { WallTime(milliseconds: $0) }
        full.rest = .gaveUp
        full.lastRequest = Self.nonce
        return [KeyRecord(), full]
            + Self.endings.map { how in
                var record = KeyRecord()
                record.holder = Holder(
                    session: Self.session, nonce: Self.nonce, phase: .starting, generation: 0,
                    since: Self.time)
                record.last = Ending(
                    token: 5, session: Self.session, how: how, cause: .outOfMemory, at: Self.time,
                    ran: .milliseconds(1))
                return record
            }
    }

    static let sessionRecords: [SessionRecord] = [
        SessionRecord(
            epoch: 3, nonce: nonce,
            phase: .open(
                SessionDetails(
                    labels: [SessionLabel(name: "zone", value: "eu")], address: "127.0.0.1:7400",
                    term: .seconds(6)))),
        SessionRecord(epoch: 3, nonce: nonce, phase: .closed(.expired)),
        SessionRecord(epoch: 3, nonce: nonce, phase: .closed(.byHolder)),
    ]

    static let configuration = ClusterConfiguration.first(
        name: "test",
        voters: (0..<15).map {
            ClusterConfiguration.Voter(
                host: name("h\($0)"), acceptor: Identifier128(high: 1, low: UInt64($0)))
        },
        term: .seconds(6))

    static let changes: [KeyChange] =
        [
            .declare(full, request: nonce), .run(plain, request: nonce), .remove(request: nonce),
            .start(request: nonce), .stop(request: nonce), .restart(request: nonce),
            .claim(session: session, nonce: nonce, at: time),
            .started(nonce: nonce, processID: 77, at: time), .reap(at: time),
        ]
        + endings.map {
            .vacate(
                nonce: nonce,
                KeyChange.Vacancy(how: $0, cause: .itself, at: time, ran: .seconds(3)))
        }

    static let heartbeat = SessionVoter.Heartbeat(
        epoch: 3, nonce: nonce, agentNumber: 2, sequence: 99, term: .seconds(6))

    static let messages: [PeerMessage] =
        [
            .prepare(attempt: 1, register, ballot), .promise(attempt: 2, accepted: nil),
            .promise(attempt: .max, accepted: accepted),
            .accept(attempt: 3, register, accepted, promiseNext: true),
            .accept(attempt: 3, register, accepted, promiseNext: false), .accepted(attempt: 4),
            .nack(attempt: 5, promised: nil), .nack(attempt: 5, promised: ballot),
            .read(attempt: 6, register), .report(attempt: 7, accepted: nil),
            .report(attempt: 7, accepted: accepted), .chosen(register, accepted),
            .digest((0..<64).map { $0 &* 0x9E37_79B9_7F4A_7C15 }),
            .inventory(
                buckets: [0, 63], [KnownBallot(register: register, ballot: ballot)],
                isAnswer: true),
            .inventory(buckets: [], [], isAnswer: false), .heartbeat(heartbeat),
            .heartbeatAcknowledged(agentNumber: 8, sequence: 9), .heartbeatRefused(epoch: 10),
            .probe(sequence: 11), .probeAnswered(sequence: 12), .wouldClose(attempt: 13, session),
            .wouldCloseAnswer(attempt: 14, true), .wouldCloseAnswer(attempt: 14, false),
            .forwarded(attempt: 15, .won(accepted)), .forwarded(attempt: 15, .notProposed),
            .forwarded(attempt: 15, .refused(.held, nil)),
            .forwarded(attempt: 15, .refused(.running, accepted)),
            .formation(
                FormationNotice(intention: 1, acceptor: nonce, agreed: nil, formed: nil)),
            .formation(
                FormationNotice(
                    intention: 1, acceptor: nonce, agreed: nonce, formed: configuration)),
            .relay([]), .relay([0, 255]),
        ]
        + changes.map { .forward(attempt: 16, key, $0, above: 17, through: 18) }

    static let envelopes: [Envelope] = messages.enumerated().map { index, message in
        Envelope(
            cluster: index % 2 == 0 ? nonce : nil, version: UInt64(index), acceptor: nonce,
            message: message)
    }
}
