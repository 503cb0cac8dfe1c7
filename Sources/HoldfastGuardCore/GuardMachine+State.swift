import HoldfastCore

/// The whole machine as bytes, for the next image of the guard's program (G7).
extension GuardMachine {
    /// Raised with every change of what follows; another version is not read.
    private static let stateVersion: UInt8 = 1

    /// Everything that the machine knows.
    ///
    /// - Throws: `GuardFrameError`: a value is out of its bounds, which no request can bring about.
    package func encoded() throws(GuardFrameError) -> [UInt8] {
        var writer = ByteWriter()
        writer.integer(Self.stateVersion)
        try writer.settings(self.settings)
        writer.flag(self.served != nil)
        if let served = self.served { try writer.served(served) }
        writer.integer(self.retiredThrough)
        writer.flag(self.retiring != nil)
        if let epoch = self.retiring { writer.integer(epoch) }
        try self.tokens.encode(into: &writer)
        try writer.runs(self.runs)
        try writer.exits(self.exits.entries)
        writer.integer(self.agentNumber)
        try writer.ending(self.ending)
        writer.flag(self.isKernelTimerArmed)
        writer.flag(self.disruptedAt != nil)
        if let moment = self.disruptedAt { try writer.moment(moment) }
        return writer.bytes
    }

    /// The machine that was encoded, and only a machine that could have been.
    ///
    /// - Parameter bytes: Not trusted: bounded by the caller, checked to the last byte here.
    /// - Throws: `GuardFrameError`.
    package init(decoding bytes: [UInt8]) throws(GuardFrameError) {
        var reader = ByteReader(bytes)
        let version = try reader.byte()
        guard version == Self.stateVersion else { throw .unknownVersion(version) }
        self.init(try reader.settings())
        self.served = try reader.flag() ? try reader.served() : nil
        self.retiredThrough = try reader.integer()
        self.retiring = try reader.flag() ? try reader.integer() : nil
        self.tokens = try TokenMemory(from: &reader)
        self.runs = try reader.runs(upTo: self.settings.runLimit)
        self.exits = try KeptExits(reader.exits(upTo: self.settings.runLimit))
        self.agentNumber = try reader.integer()
        self.ending = try reader.ending()
        self.isKernelTimerArmed = try reader.flag()
        self.disruptedAt = try reader.flag() ? try reader.moment() : nil
        try reader.finish()
        try self.index()
        try self.checkInvariants()
    }

    /// Finds the runs by their keys.
    private mutating func index() throws(GuardFrameError) {
        for (slot, run) in self.runs.enumerated() {
            guard let run else { continue }
            guard self.slotOfKey.updateValue(slot, forKey: run.name.key) == nil else {
                throw .invalid(.runs)
            }
        }
    }

    /// The numbers are those of the machine's invariants.
    private func checkInvariants() throws(GuardFrameError) {
        let live = self.runs.compactMap { run in run }
        // 1: whoever runs or rests has a session that allowed it.
        guard let served = self.served else {
            guard live.isEmpty else { throw .invalid(.runs) }
            return
        }
        // 2: what was launched can't be launched again.
        guard live.allSatisfy({ run in self.tokens.isUsed(run.name) }) else {
            throw .invalid(.token)
        }
        // 3: behind whatever may execute stands the kernel.
        guard self.isKernelTimerArmed || live.allSatisfy(\.isQuiet) else {
            throw .invalid(.state)
        }
        // 4: nothing of what is retired.
        guard served.session.epoch > self.retiredThrough,
            self.retiring.map({ epoch in epoch >= served.session.epoch }) ?? true
        else { throw .invalid(.epoch) }
        // 5: an exit is one of a run that is over.
        let isOver = self.exits.entries.allSatisfy { exit in
            self.slotOfKey[exit.name.key].flatMap(self.run)?.name != exit.name
        }
        guard isOver else { throw .invalid(.runs) }
    }

    /// The runs that are alive, by their places, for whoever keeps something beside the machine.
    package var liveRuns: [(slot: Int, run: LiveRun)] {
        self.runs.enumerated().compactMap { slot, run in
            run.map { run in (slot, LiveRun(name: run.name, processID: run.processID)) }
        }
    }

    /// The runs whose exits are kept, in their order.
    package var keptExitNames: [RunName] { self.exits.entries.map { entry in entry.name } }

    /// Whether the kernel is to stand behind the guard now (G4).
    package var needsKernelTimer: Bool { self.isKernelTimerArmed }
}
