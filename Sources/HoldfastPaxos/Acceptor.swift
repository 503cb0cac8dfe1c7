package import HoldfastCore

/// The memory of the cluster: promises ballots to proposers and accepts their proposals.
///
/// One value holds all registers of a host. It reads no clock and touches no disk: what must be
/// durable before an answer may leave is named in the answer, by the number of the write that it
/// waits for.
///
/// Invariants, for every register:
/// 1. A promise never goes down, except to the ceiling by a restart (P5).
/// 2. No accepted ballot is above the promise.
/// 3. One ballot, one value (P13).
package struct Acceptor: Equatable, Sendable {
    /// Ceilings are raised by this much at once (P5).
    package static let ceilingStep: UInt64 = 1000

    /// What to say, and what must be on disk before it is said (P4).
    package struct Answer: Equatable, Sendable {
        package var reply: Reply
        /// To be written, in this order, in one transaction.
        package var writes: [DurableWrite]
        /// The reply waits until this write is durable; 0: it may leave at once.
        package var afterWrite: UInt64
    }

    package enum Reply: Equatable, Sendable {
        /// No ballot below this one will be accepted from now on.
        case promise(accepted: Accepted?)
        case accepted
        /// Refused, because this ballot was promised to someone (P7).
        case nack(promised: Ballot)
        /// Another value was accepted here at the very ballot that was proposed (P13).
        case mismatch
    }

    private struct Slot: Equatable, Sendable {
        var promised: Ballot?
        var accepted: Accepted?
        /// The number of the last write that this slot is reflected in.
        var write: UInt64 = 0
    }

    private var slots: [RegisterID: Slot]
    /// Every register counts as promised up to and including this (P5 °).
    private let base: Ballot?
    /// No counter above this is promised, in memory; on disk once `ceilingWrite` is.
    private var ceiling: UInt64
    private var durableCeiling: UInt64
    private var ceilingWrite: UInt64 = 0
    /// The number of the newest write asked for.
    package private(set) var newestWrite: UInt64 = 0
    private var durableWrite: UInt64 = 0

    /// Restores an acceptor after a restart.
    package init(restoring state: DurableState) {
        // P5 °: every ballot of the ceiling's counter may have been promised.
        self.base =
            state.ceiling == 0 ? nil : Ballot(counter: state.ceiling, incarnation: .max)
        self.ceiling = state.ceiling
        self.durableCeiling = state.ceiling
        self.slots = state.registers.mapValues { Slot(promised: nil, accepted: $0) }
    }

    /// Phase 1: granted only above everything promised and accepted (P3).
    package mutating func prepare(_ register: RegisterID, ballot: Ballot) -> Answer {
        var slot = self.slots[register] ?? Slot()
        if let promised = self.promise(of: slot), ballot <= promised {
            return Answer(reply: .nack(promised: promised), writes: [], afterWrite: 0)
        }
        slot.promised = ballot
        self.slots[register] = slot
        let writes = self.raiseCeiling(over: ballot.counter)
        return Answer(
            reply: .promise(accepted: slot.accepted), writes: writes,
            afterWrite: self.wait(for: slot, counter: ballot.counter))
    }

    /// Phase 2: granted at or above the promise, above what was accepted (P3).
    ///
    /// - Parameters:
    ///   - register: The register it is for.
    ///   - proposal: The ballot and its value.
    ///   - promiseNext: Also promise the proposer its next ballot (P6), in the same write.
    /// - Returns: What to say, and what must be durable before it is said.
    package mutating func accept(
        _ register: RegisterID, _ proposal: Accepted, promiseNext: Bool
    ) -> Answer {
        var slot = self.slots[register] ?? Slot()
        if let accepted = slot.accepted, accepted.ballot == proposal.ballot {
            guard accepted.value == proposal.value else {
                return Answer(reply: .mismatch, writes: [], afterWrite: 0)
            }
            // A repetition: the answer waits for the write that the first one asked for.
            return Answer(reply: .accepted, writes: [], afterWrite: self.wait(for: slot))
        }
        if let promised = self.promise(of: slot), proposal.ballot < promised {
            return Answer(reply: .nack(promised: promised), writes: [], afterWrite: 0)
        }
        let promised = promiseNext ? proposal.ballot.next : proposal.ballot
        var writes = self.raiseCeiling(over: promiseNext ? promised.counter : 0)
        writes.append(.accepted(register, proposal))
        if writes.count == 1 { self.newestWrite += 1 }
        slot.promised = promised
        slot.accepted = proposal
        slot.write = self.newestWrite
        self.slots[register] = slot
        return Answer(reply: .accepted, writes: writes, afterWrite: self.newestWrite)
    }

    /// What is accepted, and the write that an answer reflecting it waits for (P4, P8).
    package func read(_ register: RegisterID) -> (accepted: Accepted?, afterWrite: UInt64) {
        let slot = self.slots[register] ?? Slot()
        return (slot.accepted, self.wait(for: slot))
    }

    /// Writes up to and including this number are durable.
    package mutating func didWrite(through number: UInt64) {
        self.durableWrite = max(self.durableWrite, number)
        if self.ceilingWrite <= self.durableWrite { self.durableCeiling = self.ceiling }
    }

    /// Reserves the number of a write that is not about a register.
    package mutating func nextWrite() -> UInt64 {
        self.newestWrite += 1
        return self.newestWrite
    }

    /// Every register that holds something, in order.
    package var registers: [RegisterID] {
        self.slots.filter { $0.value.accepted != nil }.keys.sorted()
    }

    package func acceptedBallot(of register: RegisterID) -> Ballot? {
        self.slots[register]?.accepted?.ballot
    }

    /// The greatest ballot that counts as promised for a slot.
    private func promise(of slot: Slot) -> Ballot? {
        [self.base, slot.promised, slot.accepted?.ballot].compactMap { $0 }.max()
    }

    /// P5: a counter above the ceiling is promised only after the ceiling was raised, durably.
    private mutating func raiseCeiling(over counter: UInt64) -> [DurableWrite] {
        guard counter > self.ceiling else { return [] }
        self.ceiling = min(counter + Self.ceilingStep, Ballot.counterLimit)
        self.newestWrite += 1
        self.ceilingWrite = self.newestWrite
        return [.ceiling(self.ceiling)]
    }

    private func wait(for slot: Slot, counter: UInt64 = 0) -> UInt64 {
        let ceiling = counter > self.durableCeiling ? self.ceilingWrite : 0
        let write = slot.write > self.durableWrite ? slot.write : 0
        return max(ceiling, write)
    }
}
