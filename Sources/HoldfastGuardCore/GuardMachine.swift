package import HoldfastCore

/// The guard's decisions: which runs may live, and until when.
///
/// ```
///   no session ── adopt ──▶ waiting ── renew ──▶ valid ── hard deadline ──▶ fencing
///        ▲                                        ▲  ▲                        │ all quiet
///        └───────── retire, all gone ─────────────│  └──────── renew ──────── ▼
///                    (from every state)           └────────── renew ────── fenced
/// ```
/// Invariants:
/// 1. Nothing executes at or after the hard deadline, and nothing is launched at or after the
///    soft one or in any state but `valid` (G3, G5). The driver calls `enforce` when `nextWakeUp`
///    says so and after everything it carries out.
/// 2. A key has at most one live run, and its token was greater than any used before (G5, C8).
/// 3. Whenever a run is not known to be quiet, the kernel timer is armed (G4).
/// 4. `retiredThrough` never falls, and nothing of an epoch up to it lives (S10).
/// 5. An exit leaves only by `settle` (G7).
///
/// The arrows leave out `terminated`, which begins the stop sequence of every run in any state.
/// A value: it reads no clock and does nothing itself, so that a simulator can run it.
package struct GuardMachine: Equatable, Sendable {
    /// What does not change in the guard's life.
    package struct Settings: Equatable, Sendable {
        package var incarnation: UInt64
        package var containment: Containment
        package var allowedUsers: AllowedUsers
        package var runLimit: Int
        /// How long an ending guard waits for the agent to settle exits.
        package var settleLimit: Duration

        package init(
            incarnation: UInt64, containment: Containment, allowedUsers: AllowedUsers,
            runLimit: Int = Limits.runCount, settleLimit: Duration = .seconds(2)
        ) {
            self.incarnation = incarnation
            self.containment = containment
            self.allowedUsers = allowedUsers
            self.runLimit = runLimit
            self.settleLimit = settleLimit
        }
    }

    enum Lease: Equatable, Sendable {
        /// Not renewed yet.
        case waiting
        /// `isPastSoft`: the acts of the soft deadline are done.
        case valid(GuardDeadlines, isPastSoft: Bool)
        /// The hard deadline passed; not everything was read back as quiet.
        case fencing
        case fenced

        var isValid: Bool {
            switch self {
            case .valid: true
            case .waiting, .fencing, .fenced: false
            }
        }
    }

    struct Served: Equatable, Sendable {
        var session: GuardSession
        var lease = Lease.waiting
    }

    enum Ending: Equatable, Sendable {
        case notAsked
        /// Runs have their stop sequence.
        case stopping
        /// Runs are gone; exits wait to be settled.
        case settling(until: Moment)
        case ended
    }

    let settings: Settings
    var served: Served?
    var retiredThrough: Epoch = 0
    /// Retired as soon as no run is left.
    var retiring: Epoch?
    var tokens = TokenMemory()
    /// Fixed places, so that the driver keeps descriptors under the same number.
    var runs: [GuardRun?] = []
    var slotOfKey: [String: Int] = [:]
    var exits = KeptExits()
    package internal(set) var agentNumber: UInt64 = 0
    var ending = Ending.notAsked
    /// Whether the kernel stands behind the guard, as far as effects said (G4).
    var isKernelTimerArmed = false
    /// A lease must have begun after this to be believed (S8).
    var disruptedAt: Moment?

    package init(_ settings: Settings) {
        self.settings = settings
    }

    package var liveCount: Int { self.slotOfKey.count }
    package var containment: Containment { self.settings.containment }

    /// Whether a session is served whose lease does not hold.
    var isFenced: Bool {
        guard let served = self.served else { return false }
        return !served.lease.isValid
    }

    /// Takes in what happened at `now`.
    ///
    /// - Parameters:
    ///   - event: What happened; late and repeated events do no harm.
    ///   - now: A reading not older than any passed before.
    /// - Returns: What to do, in this order.
    package mutating func receive(_ event: GuardEvent, at now: Moment) -> [GuardEffect] {
        switch event {
        case .agentConnected: self.greet()
        case .request(let request): self.receive(request, at: now)
        case .launched(let slot, let processID): self.launched(slot, processID, at: now)
        case .launchFailed(let slot, let step, let errorNumber):
            self.abandon(slot, at: now) { name in
                .launchFailed(name, step: step, errorNumber: errorNumber)
            }
        case .launchTooLate(let slot):
            self.abandon(slot, at: now) { name in .refused(name, .fenced) }
        case .mainEnded(let slot, let status, let ranOutOfMemory, let isEmpty):
            self.mainEnded(slot, status, ranOutOfMemory, isEmpty: isEmpty, at: now)
        case .frozen(let slot): self.frozen(slot, at: now)
        case .emptied(let slot): self.emptied(slot, at: now)
        case .enforced: self.settleState(at: now)
        case .clockDisrupted: self.distrustClock(at: now)
        case .terminated: self.terminate(at: now)
        }
    }

    /// S11: agents are numbered.
    ///
    /// Everything that the guard holds is told again.
    private mutating func greet() -> [GuardEffect] {
        self.agentNumber += 1
        let live = self.runs.compactMap { run in run }
            .map { run in LiveRun(name: run.name, processID: run.processID) }
            .sorted { left, right in left.name < right.name }
        let hello = GuardHello(
            agentNumber: self.agentNumber, incarnation: self.settings.incarnation,
            containment: self.settings.containment, session: self.served?.session,
            isFenced: self.isFenced, isEnding: self.ending != .notAsked,
            retiredThrough: self.retiredThrough, runs: live)
        var effects: [GuardEffect] = [.report(.hello(hello))]
        for run in live {
            effects.append(.report(.launched(run.name, processID: run.processID)))
        }
        for exit in self.exits.entries {
            effects.append(.report(.exited(exit.name, exit.end)))
        }
        return effects
    }

    /// The first free place; the array grows when there is none.
    mutating func place(_ run: GuardRun) -> Int {
        let slot = self.runs.firstIndex { run in run == nil } ?? self.runs.count
        if slot == self.runs.count { self.runs.append(nil) }
        self.runs[slot] = run
        self.slotOfKey[run.name.key] = slot
        return slot
    }

    /// The live run in `slot`; `nil` for a late event about one that is gone.
    func run(in slot: Int) -> GuardRun? {
        self.runs.indices.contains(slot) ? self.runs[slot] : nil
    }
}
