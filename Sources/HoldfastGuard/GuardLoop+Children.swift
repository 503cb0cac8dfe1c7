import HoldfastCore
import HoldfastGuardCore
import HoldfastLinux

/// What the machine's effects mean for children.
extension GuardLoop {
    func perform(_ effects: [GuardEffect]) {
        for effect in effects {
            switch effect {
            case .report(let report): self.report(report, attached: self.pipe(for: report))
            case .disconnectAgent: self.disconnectAgent()
            case .launch(let order, let slot, let deadline):
                self.perform(self.launch(order, slot, before: deadline))
            case .signal(let slot):
                if let child = self.child(slot) { self.signal(child) }
            case .kill(let slot): self.kill(slot)
            case .thaw(let slot, let deadline): self.thaw(slot, before: deadline)
            case .release(let slot): self.release(slot)
            case .forget(let name): self.pipes[name] = nil
            case .armKernelTimer(let moment): self.arm(moment)
            case .disarmKernelTimer: self.kernelTimer.disarm()
            case .end: self.hasEnded = true
            }
        }
    }

    func child(_ slot: Int) -> Child? {
        self.children.indices.contains(slot) ? self.children[slot] : nil
    }

    /// With a run's first report to an agent goes its output, and with its last.
    private func pipe(for report: GuardReport) -> OwnedDescriptor? {
        switch report {
        case .launched(let name, _), .exited(let name, _): self.pipes[name]
        case .hello, .adopted, .renewed, .refused, .launchFailed, .burned, .retired, .fenced,
            .ending:
            nil
        }
    }

    private func arm(_ moment: Moment) {
        do {
            try self.kernelTimer.arm(moment)
        } catch {
            Notice.write("the kernel timer cannot be set", ["error": error.why])
        }
    }

    // MARK: - Launching

    private func launch(
        _ order: LaunchOrder, _ slot: Int, before deadline: Moment
    ) -> [GuardEffect] {
        let event: GuardEvent
        do {
            event = .launched(slot: slot, processID: try self.start(order, slot, before: deadline))
        } catch {
            switch error {
            case .tooLate: event = .launchTooLate(slot: slot)
            case .step(let step, let errorNumber):
                event = .launchFailed(slot: slot, step, errorNumber: errorNumber)
            case .killedAtBirth:
                event = .launchFailed(slot: slot, .containment, errorNumber: 4)
            }
        }
        return self.machine.receive(event, at: Clocks.read())
    }

    private func start(
        _ order: LaunchOrder, _ slot: Int, before deadline: Moment
    ) throws(ChildLauncher.Failure) -> Int32 {
        let pipe: (reading: OwnedDescriptor, writing: OwnedDescriptor)
        do {
            pipe = try LogPipe.make()
        } catch {
            throw .step(.pipe, errorNumber: error.errorNumber)
        }
        while true {
            let nest = try self.makeNest(order)
            do {
                let launched = try self.launch(order, nest, output: pipe.writing, deadline)
                try self.admit(launched, order, nest, pipe.reading, slot)
                return launched.processID
            } catch {
                self.tree.release(nest, processID: 0)
                guard error == .killedAtBirth, self.tree.distrustBirth() else { throw error }
            }
        }
    }

    private func makeNest(_ order: LaunchOrder) throws(ChildLauncher.Failure) -> Nest {
        self.launchCount += 1
        let hash = String(StableHash.of(order.name.key), radix: 16)
        do {
            return try self.tree.makeNest(
                "\(hash).\(order.epoch).\(self.launchCount)",
                number: Int32(truncatingIfNeeded: self.launchCount))
        } catch {
            throw .step(.containment, errorNumber: error.errorNumber)
        }
    }

    private func launch(
        _ order: LaunchOrder, _ nest: Nest, output: OwnedDescriptor, _ deadline: Moment
    ) throws(ChildLauncher.Failure) -> ChildLauncher.Launched {
        let place: ChildLauncher.Birthplace
        do {
            place = try self.tree.birthplace(nest)
        } catch {
            throw .step(.containment, errorNumber: error.errorNumber)
        }
        return try self.launcher.launch(
            order, in: place, output: output, extra: self.tree.mark(nest), before: deadline)
    }

    /// Takes a running child into the books, or if it cannot be watched, ends it.
    private func admit(
        _ launched: ChildLauncher.Launched, _ order: LaunchOrder, _ nest: Nest,
        _ pipe: OwnedDescriptor, _ slot: Int
    ) throws(ChildLauncher.Failure) {
        let child = Child(
            name: order.name, generation: self.launchCount, nest: nest,
            processID: launched.processID, process: launched.process,
            stopSignal: order.stopSignal)
        do {
            try self.watch(child, in: slot)
        } catch {
            self.tree.admit(child)
            self.tree.kill(child)
            _ = ChildReaper.reapWaiting(launched.process)
            throw .step(.clone, errorNumber: error.errorNumber)
        }
        while self.children.count <= slot { self.children.append(nil) }
        self.children[slot] = child
        self.pipes[order.name] = pipe
        self.tree.admit(child)
    }

    /// Has its end told, and where there is a group what becomes of that.
    func watch(_ child: Child, in slot: Int) throws(SystemCallFailure) {
        if let group = child.nest.group {
            try self.poller.add(
                group.events, Source.data(.group, generation: child.generation, slot: slot),
                isUrgent: true)
        }
        if let number = child.process.number, !child.hasEnded {
            try self.poller.add(
                number, Source.data(.process, generation: child.generation, slot: slot))
        }
    }

    // MARK: - Ending

    /// The stop signal: to the main process, or when that is gone to what is left.
    func signal(_ child: Child) {
        if child.hasEnded {
            self.tree.signal(child, child.stopSignal)
        } else {
            ChildReaper.signal(child.process, child.stopSignal)
        }
    }

    private func kill(_ slot: Int) {
        guard let child = self.child(slot) else { return }
        self.children[slot]?.isKilled = true
        self.tree.kill(child)
        self.isPolling = self.isPolling || self.tree.mustBePolled
    }

    /// G3: the clock before and after, so that nothing runs on past the deadline unnoticed.
    private func thaw(_ slot: Int, before deadline: Moment) {
        guard let child = self.child(slot), !Clocks.read().hasReached(deadline) else { return }
        self.children[slot]?.awaitsFrozen = false
        self.tree.setFrozen(child, false)
        if Clocks.read().hasReached(deadline) { self.tree.setFrozen(child, true) }
    }

    private func release(_ slot: Int) {
        guard let child = self.child(slot) else { return }
        self.children[slot] = nil
        self.poller.remove(child.nest.group?.events ?? -1)
        if let number = child.process.number { self.poller.remove(number) }
        self.tree.release(child.nest, processID: child.processID)
    }

    func reap(_ slot: Int, _ generation: UInt32) {
        guard let child = self.child(slot), child.generation & 0xFF_FFFF == generation else {
            return
        }
        self.reap(slot)
    }

    private func reap(_ slot: Int) {
        guard let child = self.child(slot), !child.hasEnded,
            let status = ChildReaper.reap(child.process)
        else { return }
        // It would poll readable for ever.
        if let number = child.process.number { self.poller.remove(number) }
        self.children[slot]?.hasEnded = true
        let wasKilled = status == .signalled(9, dumpedCore: false)
        self.tree.beginRound()
        let isEmpty = self.children[slot].map(self.isEmpty) ?? true
        let ranOutOfMemory = wasKilled && child.nest.group?.hasOutOfMemoryKills == true
        self.perform(
            self.machine.receive(
                .mainEnded(
                    slot: slot, status, ranOutOfMemory: ranOutOfMemory, isEmpty: isEmpty),
                at: Clocks.read()))
        self.isPolling = self.isPolling || !isEmpty && self.tree.mustBePolled
    }

    /// What cannot be told does not count as empty.
    private func isEmpty(_ child: Child) -> Bool {
        self.tree.state(child)?.contains(.populated) == false
    }

    func noteGroup(_ slot: Int, _ generation: UInt32) {
        guard let child = self.child(slot), child.generation & 0xFF_FFFF == generation else {
            return
        }
        self.readBack(slot)
    }

    /// As a subreaper: children of children that outlived them, and our own in between.
    func reapOrphans() {
        for _ in 0..<Limits.runCount {
            guard let number = ChildReaper.peek() else { return }
            let slot = self.children.firstIndex { child in
                child?.processID == number && child?.hasEnded == false
            }
            if let slot {
                self.reap(slot)
            } else {
                ChildReaper.discard(number)
            }
        }
    }

    // MARK: - Reading back

    /// After something was done to many at once: see what is true already.
    func readBack() {
        self.tree.beginRound()
        for slot in self.children.indices { self.readBack(slot) }
        self.isPolling = self.tree.mustBePolled
    }

    private func readBack(_ slot: Int) {
        guard let child = self.child(slot),
            child.awaitsFrozen || child.isKilled || child.hasEnded || child.nest.group != nil,
            let state = self.tree.state(child)
        else { return }
        if !state.contains(.populated) {
            // The main process may not be reaped yet; then its end follows.
            self.perform(self.machine.receive(.emptied(slot: slot), at: Clocks.read()))
        } else if child.awaitsFrozen, state.contains(.frozen) {
            self.children[slot]?.awaitsFrozen = false
            self.perform(self.machine.receive(.frozen(slot: slot), at: Clocks.read()))
        }
    }

    /// Where nobody tells: look, and catch what was started behind our back.
    func pollTrees() {
        self.tree.beginRound()
        var isAwaiting = false
        for slot in self.children.indices {
            self.readBack(slot)
            guard let child = self.child(slot) else { continue }
            if child.isKilled { self.tree.kill(child) }
            if child.awaitsFrozen { self.tree.setFrozen(child, true) }
            isAwaiting = isAwaiting || child.isKilled || child.awaitsFrozen || child.hasEnded
        }
        self.isPolling = isAwaiting
    }
}
