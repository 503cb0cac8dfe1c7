import HoldfastCore
package import HoldfastGuardCore
import HoldfastLinux

/// The layout: "HFGS", a version, the fields in order; integers are little-endian.
extension SavedGuard {
    private static let magic: UInt32 = 0x5347_4648
    /// Raised with every change of what follows, so that no program misreads another's.
    package static let version: UInt32 = 1
    /// More than the greatest machine takes: 65,536 remembered keys, 16,384 runs.
    package static let limit = 64 * 1024 * 1024

    package func encoded() throws(GuardFrameError) -> [UInt8] {
        var writer = ByteWriter()
        writer.write(Self.magic)
        writer.write(Self.version)
        writer.write(self.options)
        writer.write(self.parentID)
        writer.write(self.openFiles.soft)
        writer.write(self.openFiles.hard)
        for span in [self.measured.launch, self.measured.freeze, self.measured.kill] {
            writer.write(span)
        }
        writer.write(self.listener)
        writer.write(self.lock)
        writer.write(self.tree)
        writer.write(self.launchCount)
        writer.write(self.badFrameCount)
        writer.write(self.vmMarker) { writer, marker in writer.write(marker) }
        writer.write(self.kernelDeadline) { writer, moment in
            for clock in [moment.boot, moment.monotonic, moment.raw] { writer.write(clock) }
        }
        writer.write(self.standIn) { writer, standIn in writer.write(standIn.processID) }
        writer.write(list: self.children) { writer, child in writer.write(child) }
        writer.write(list: self.pipes) { writer, pipe in
            writer.write(pipe.name.key)
            writer.write(pipe.name.token)
            writer.write(pipe.descriptor)
        }
        writer.write(try self.machine.encoded())
        return writer.bytes
    }

    /// - Parameter bytes: Not trusted.
    /// - Throws: `SavedGuardError` for all that `encoded` could not have written.
    package init(decoding bytes: [UInt8]) throws(SavedGuardError) {
        var reader = ByteReader(bytes)
        let machineBytes: [UInt8]
        do {
            guard try reader.integer(UInt32.self) == Self.magic else {
                throw SavedGuardError.notOne
            }
            let version = try reader.integer(UInt32.self)
            guard version == Self.version else { throw SavedGuardError.version(version) }
            (self, machineBytes) = try reader.savedGuard()
            try reader.finish()
        } catch let error as SavedGuardError {
            throw error
        } catch let error as MalformedBytes {
            throw .malformed(error)
        } catch {
            throw .notOne
        }
        do {
            self.machine = try GuardMachine(decoding: machineBytes)
        } catch {
            throw .machine(error)
        }
        try self.check()
    }

    /// What the parts say of each other.
    private func check() throws(SavedGuardError) {
        let live = self.machine.liveRuns
        guard self.children.map(\.slot) == live.map(\.slot) else { throw .inconsistent(.children) }
        let names = live.map { each in each.run.name } + self.machine.keptExitNames
        guard self.pipes.map(\.name) == names.sorted() else { throw .inconsistent(.pipes) }
        guard self.machine.needsKernelTimer == (self.kernelDeadline != nil),
            (self.standIn != nil) == (self.kernelDeadline != nil)
        else { throw .inconsistent(.kernelTimer) }
        let hasGroups = self.machine.containment == .cgroup
        let isOfTree =
            switch self.tree {
            case .groups: hasGroups
            case .processes: !hasGroups
            }
        guard isOfTree,
            self.children.allSatisfy({ child in (child.group != nil) == hasGroups })
        else { throw .inconsistent(.containment) }
        let numbers = self.descriptors.sorted()
        let areDistinct = zip(numbers, numbers.dropFirst()).allSatisfy { left, right in
            left < right
        }
        guard areDistinct, numbers.first ?? 0 > 2 else { throw .inconsistent(.descriptors) }
    }
}

extension ByteWriter {
    fileprivate mutating func write(_ options: GuardOptions) {
        self.write(options.containment) { writer, containment in
            writer.write(containment.rawValue)
        }
        self.write(options.socketPath)
        self.write(options.name)
        self.write(options.exitsWithParent)
    }

    fileprivate mutating func write(_ tree: SavedGuard.Tree) {
        switch tree {
        case .groups(let own, let home, let runs, let isBornByItself):
            self.write(UInt8(1))
            for number in [own, home, runs] { self.write(number) }
            self.write(isBornByItself)
        case .processes: self.write(UInt8(2))
        }
    }

    fileprivate mutating func write(_ child: SavedGuard.Child) {
        self.write(UInt32(truncatingIfNeeded: child.slot))
        self.write(child.generation)
        self.write(child.nest)
        self.write(child.nestNumber)
        self.write(child.group) { writer, group in writer.write(group) }
        self.write(child.process)
        self.write(child.stopSignal)
        self.write(child.hasEnded)
        self.write(child.isKilled)
        self.write(child.awaitsFrozen)
    }
}
