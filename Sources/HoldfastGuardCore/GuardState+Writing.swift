import HoldfastCore

/// The parts of a saved machine, as `GuardMachine.encoded` writes them.
extension ByteWriter {
    mutating func settings(_ settings: GuardMachine.Settings) throws(GuardFrameError) {
        self.integer(settings.incarnation)
        self.integer(settings.containment.rawValue)
        switch settings.allowedUsers {
        case .any: self.flag(true)
        case .only(let users):
            self.flag(false)
            guard users.count <= Limits.allowedUserCount else { throw .tooLong(.users) }
            self.integer(UInt32(users.count))
            for user in users { self.integer(user) }
        }
        guard (0...Limits.runCount).contains(settings.runLimit) else { throw .tooLong(.runs) }
        self.integer(UInt32(settings.runLimit))
        try self.span(settings.settleLimit)
    }

    mutating func served(_ served: GuardMachine.Served) throws(GuardFrameError) {
        try self.session(served.session)
        switch served.lease {
        case .waiting: self.integer(UInt8(1))
        case .valid(let deadlines, let isPastSoft):
            self.integer(UInt8(2))
            try self.moment(deadlines.soft)
            try self.moment(deadlines.hard)
            self.flag(isPastSoft)
        case .fencing: self.integer(UInt8(3))
        case .fenced: self.integer(UInt8(4))
        }
    }

    /// Free places too: a run keeps its place.
    mutating func runs(_ runs: [GuardRun?]) throws(GuardFrameError) {
        self.integer(UInt32(runs.count))
        for run in runs {
            self.flag(run != nil)
            if let run { try self.run(run) }
        }
    }

    private mutating func run(_ run: GuardRun) throws(GuardFrameError) {
        try self.runName(run.name)
        try self.span(run.stopGrace)
        self.integer(run.onDeadline.rawValue)
        self.flag(run.freezeLimit != nil)
        if let limit = run.freezeLimit { try self.span(limit) }
        self.integer(run.processID)
        try self.moment(run.launchedAt)
        switch run.stop {
        case .notAsked: self.integer(UInt8(1))
        case .grace(let until):
            self.integer(UInt8(2))
            try self.farMoment(until)
        case .killed: self.integer(UInt8(3))
        }
        try self.pause(run.pause)
        self.flag(run.mainEnd != nil)
        if let end = run.mainEnd {
            try self.end(RunEnd(status: end.status, cause: run.cause, ran: end.ran))
            self.flag(end.ranOutOfMemory)
        }
        self.flag(run.isEmpty)
        self.integer(run.cause.rawValue)
        self.integer(UInt8(run.waitingBurns.count))
        for token in run.waitingBurns { self.integer(token) }
    }

    private mutating func pause(_ pause: GuardRun.Pause) throws(GuardFrameError) {
        switch pause {
        case .none: self.integer(UInt8(1))
        case .freezing(let since):
            self.integer(UInt8(2))
            try self.moment(since)
        case .frozen(let since):
            self.integer(UInt8(3))
            try self.moment(since)
        }
    }

    mutating func exits(_ entries: [KeptExits.Entry]) throws(GuardFrameError) {
        self.integer(UInt32(entries.count))
        for entry in entries {
            try self.runName(entry.name)
            try self.end(entry.end)
        }
    }

    mutating func ending(_ ending: GuardMachine.Ending) throws(GuardFrameError) {
        switch ending {
        case .notAsked: self.integer(UInt8(1))
        case .stopping: self.integer(UInt8(2))
        case .settling(let until):
            self.integer(UInt8(3))
            try self.farMoment(until)
        case .ended: self.integer(UInt8(4))
        }
    }

    /// A clock's reading and the longest span from there: `Moment.advanced` of what came in frames.
    private mutating func farMoment(_ moment: Moment) throws(GuardFrameError) {
        for clock in [moment.boot, moment.monotonic, moment.raw] {
            guard Limits.farNanoseconds.contains(clock) else { throw .invalid(.moment) }
            self.integer(clock)
        }
    }
}
