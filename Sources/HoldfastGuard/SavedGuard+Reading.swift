import HoldfastCore
import HoldfastGuardCore
import HoldfastLinux

/// The fields of a saved guard, each within its bounds.
extension ByteReader {
    /// Everything but the machine, which comes as its bytes.
    mutating func savedGuard() throws(MalformedBytes) -> (SavedGuard, machine: [UInt8]) {
        let settings = GuardMachine.Settings(
            incarnation: 0, containment: .group, allowedUsers: .only([]))
        let saved = SavedGuard(
            options: try self.options(), parentID: try self.integer(),
            openFiles: ThisProcess.OpenFiles(soft: try self.integer(), hard: try self.integer()),
            measured: ContainmentTrial.Measured(
                launch: try self.duration(), freeze: try self.duration(),
                kill: try self.duration()),
            listener: try self.integer(), lock: try self.integer(), tree: try self.tree(),
            launchCount: try self.integer(), badFrameCount: try self.integer(),
            vmMarker: try self.optional { reader throws(MalformedBytes) in try reader.integer() },
            kernelDeadline: try self.optional { reader throws(MalformedBytes) in
                try reader.moment()
            },
            standIn: try self.optional { reader throws(MalformedBytes) in try reader.standIn() },
            children: try self.list(limit: Limits.runCount) { reader throws(MalformedBytes) in
                try reader.child()
            },
            pipes: try self.list(limit: Limits.runCount) { reader throws(MalformedBytes) in
                try reader.pipe()
            },
            machine: GuardMachine(settings))
        return (saved, try self.blob(limit: SavedGuard.limit))
    }

    private mutating func options() throws(MalformedBytes) -> GuardOptions {
        let containment = try self.optional { reader throws(MalformedBytes) in
            try reader.containment()
        }
        var options = GuardOptions(
            containment: containment, socketPath: try self.text(limit: Limits.textBytes),
            // The machine has them.
            name: try self.text(limit: Limits.keyBytes), allowedUsers: .only([]))
        options.exitsWithParent = try self.bool()
        return options
    }

    private mutating func containment() throws(MalformedBytes) -> Containment {
        guard let value = Containment(rawValue: try self.byte()) else { throw .unknown }
        return value
    }

    private mutating func tree() throws(MalformedBytes) -> SavedGuard.Tree {
        switch try self.byte() {
        case 1:
            .groups(
                own: try self.integer(), home: try self.integer(), runs: try self.integer(),
                isBornByItself: try self.bool())
        case 2: .processes
        default: throw .unknown
        }
    }

    private mutating func moment() throws(MalformedBytes) -> Moment {
        let moment = Moment(
            boot: try self.integer(), monotonic: try self.integer(), raw: try self.integer())
        for clock in [moment.boot, moment.monotonic, moment.raw] {
            guard Limits.farNanoseconds.contains(clock) else { throw .tooLarge }
        }
        return moment
    }

    private mutating func standIn() throws(MalformedBytes) -> StandIn {
        let number = try self.integer(Int32.self)
        guard number > 1 else { throw .unknown }
        return StandIn(processID: number)
    }

    private mutating func child() throws(MalformedBytes) -> SavedGuard.Child {
        let slot = Int(try self.integer(UInt32.self))
        let child = SavedGuard.Child(
            slot: slot, generation: try self.integer(), nest: try self.nest(),
            nestNumber: try self.integer(),
            group: try self.optional { reader throws(MalformedBytes) in try reader.integer() },
            process: try self.integer(), stopSignal: try self.integer(),
            hasEnded: try self.bool(), isKilled: try self.bool(), awaitsFrozen: try self.bool())
        guard slot < Limits.runCount, LaunchOrder.signals.contains(child.stopSignal) else {
            throw .tooLarge
        }
        return child
    }

    /// The name of one directory.
    private mutating func nest() throws(MalformedBytes) -> String {
        let name = try self.text(limit: Limits.keyBytes)
        guard !name.isEmpty, name.utf8.allSatisfy({ byte in byte > 0x20 && byte != 0x2F }),
            name != ".", name != ".."
        else { throw .badText }
        return name
    }

    private mutating func pipe() throws(MalformedBytes) -> SavedGuard.Pipe {
        let key = try self.text(limit: Limits.keyBytes)
        guard (try? Key(key)) != nil else { throw .badText }
        return SavedGuard.Pipe(
            name: RunName(key: key, token: try self.integer()), descriptor: try self.integer())
    }
}
