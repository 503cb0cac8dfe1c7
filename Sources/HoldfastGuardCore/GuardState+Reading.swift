import HoldfastCore

/// The parts of a saved machine, as `GuardMachine.init(decoding:)` reads them.
extension ByteReader {
    mutating func settings() throws(GuardFrameError) -> GuardMachine.Settings {
        GuardMachine.Settings(
            incarnation: try self.integer(), containment: try self.value(.containment),
            allowedUsers: try self.flag() ? .any : .only(try self.users()),
            runLimit: try self.count(upTo: Limits.runCount, .runs),
            settleLimit: try self.span())
    }

    private mutating func users() throws(GuardFrameError) -> [UInt32] {
        let count = try self.count(upTo: Limits.allowedUserCount, .users)
        var users: [UInt32] = []
        for _ in 0..<count { users.append(try self.integer()) }
        return users
    }

    mutating func served() throws(GuardFrameError) -> GuardMachine.Served {
        let session = try self.session()
        let lease: GuardMachine.Lease
        switch try self.byte() {
        case 1: lease = .waiting
        case 2:
            lease = .valid(
                GuardDeadlines(soft: try self.moment(), hard: try self.moment()),
                isPastSoft: try self.flag())
        case 3: lease = .fencing
        case 4: lease = .fenced
        default: throw .invalid(.state)
        }
        return GuardMachine.Served(session: session, lease: lease)
    }

    mutating func runs(upTo limit: Int) throws(GuardFrameError) -> [GuardRun?] {
        let count = try self.count(upTo: limit, .runs)
        var runs: [GuardRun?] = []
        for _ in 0..<count { runs.append(try self.flag() ? try self.run() : nil) }
        return runs
    }

    private mutating func run() throws(GuardFrameError) -> GuardRun {
        let name = try self.runName()
        let stopGrace = try self.span()
        let onDeadline: DeadlineAction = try self.value(.action)
        let freezeLimit = try self.flag() ? try self.span() : nil
        let processID = try self.integer(Int32.self)
        guard processID >= 0 else { throw .invalid(.runs) }
        var run = GuardRun(
            name: name, stopGrace: stopGrace, onDeadline: onDeadline, freezeLimit: freezeLimit,
            launchedAt: try self.moment())
        run.processID = processID
        run.stop = try self.stop()
        run.pause = try self.pause()
        let end = try self.flag() ? (try self.end(), try self.flag()) : nil
        run.mainEnd = end.map { end, ranOutOfMemory in
            GuardRun.MainEnd(status: end.status, ran: end.ran, ranOutOfMemory: ranOutOfMemory)
        }
        run.isEmpty = try self.flag()
        run.cause = try self.value(.cause)
        guard end?.0.cause ?? run.cause == run.cause else { throw .invalid(.cause) }
        run.waitingBurns = try self.burns()
        // With both known it is over, and has no place any more.
        guard run.end == nil else { throw .invalid(.runs) }
        return run
    }

    private mutating func stop() throws(GuardFrameError) -> GuardRun.Stop {
        switch try self.byte() {
        case 1: .notAsked
        case 2: .grace(until: try self.farMoment())
        case 3: .killed
        default: throw .invalid(.action)
        }
    }

    private mutating func pause() throws(GuardFrameError) -> GuardRun.Pause {
        switch try self.byte() {
        case 1: .none
        case 2: .freezing(since: try self.moment())
        case 3: .frozen(since: try self.moment())
        default: throw .invalid(.action)
        }
    }

    private mutating func burns() throws(GuardFrameError) -> [Token] {
        let count = Int(try self.byte())
        guard count <= Limits.waitingBurnCount else { throw .tooLong(.token) }
        var tokens: [Token] = []
        for _ in 0..<count {
            let token = try self.integer(Token.self)
            guard tokens.last.map({ last in last < token }) ?? true else { throw .invalid(.token) }
            tokens.append(token)
        }
        return tokens
    }

    mutating func exits(upTo limit: Int) throws(GuardFrameError) -> [KeptExits.Entry] {
        let count = try self.count(upTo: limit, .runs)
        var entries: [KeptExits.Entry] = []
        for _ in 0..<count {
            entries.append(KeptExits.Entry(name: try self.runName(), end: try self.end()))
        }
        return entries
    }

    mutating func ending() throws(GuardFrameError) -> GuardMachine.Ending {
        switch try self.byte() {
        case 1: .notAsked
        case 2: .stopping
        case 3: .settling(until: try self.farMoment())
        case 4: .ended
        default: throw .invalid(.state)
        }
    }

    private mutating func farMoment() throws(GuardFrameError) -> Moment {
        let moment = Moment(
            boot: try self.integer(), monotonic: try self.integer(), raw: try self.integer())
        for clock in [moment.boot, moment.monotonic, moment.raw] {
            guard Limits.farNanoseconds.contains(clock) else { throw .invalid(.moment) }
        }
        return moment
    }

    private mutating func count(
        upTo limit: Int, _ field: GuardFrameField
    ) throws(GuardFrameError) -> Int {
        let count = Int(try self.integer(UInt32.self))
        guard count <= limit else { throw .tooLong(field) }
        return count
    }
}
