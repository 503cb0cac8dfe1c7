import HoldfastCore
import HoldfastGuardCore
import Testing

@Suite("The machine as bytes")
struct GuardStateTests {
    /// A machine and how it came to be.
    struct Case: CustomTestStringConvertible {
        let testDescription: String
        let machine: GuardMachine
    }

    static let cases: [Case] = {
        var cases: [Case] = []
        func add(_ name: String, _ simulated: SimulatedGuard) {
            cases.append(Case(testDescription: name, machine: simulated.machine))
        }
        var simulated = SimulatedGuard(users: .only([0, 1000]))
        add("new", simulated)
        simulated.receive(.agentConnected)
        simulated.request(.adopt(Samples.session))
        add("not renewed yet", simulated)
        simulated = Self.busy()
        add("busy", simulated)
        simulated.pass(.milliseconds(3700))
        add("past the soft deadline", simulated)
        simulated.pass(.milliseconds(400))
        add("fencing", simulated)
        for slot in simulated.children.keys.sorted() { simulated.becomeFrozen(slot) }
        add("frozen in part", simulated)
        simulated.renew(sequence: 2)
        add("thawed", simulated)
        simulated.receive(.clockDisrupted)
        add("distrusting its clock", simulated)
        simulated.request(.retire(epoch: 7))
        add("retiring", simulated)
        for slot in simulated.children.keys.sorted() { simulated.die(slot) }
        add("retired", simulated)
        simulated = Self.busy()
        simulated.receive(.terminated)
        add("stopping", simulated)
        for slot in simulated.children.keys.sorted() { simulated.die(slot) }
        add("settling", simulated)
        simulated.pass(.seconds(3))
        add("ended", simulated)
        simulated = SimulatedGuard.leased()
        simulated.launch()
        simulated.pass(.seconds(5))
        simulated.becomeFrozen(0)
        add("fenced", simulated)
        return cases
    }()

    /// Runs in every phase, free places between them, kept exits and burns.
    static func busy() -> SimulatedGuard {
        var simulated = SimulatedGuard.leased()
        let actions: [DeadlineAction] = [.freeze, .stop, .kill]
        for index in 0..<12 {
            let name = RunName(key: "job/\(index)", token: Token(100 + index))
            simulated.launch(
                Samples.order(
                    name, onDeadline: actions[index % 3],
                    freezeLimit: index.isMultiple(of: 2) ? nil : .seconds(60)))
        }
        simulated.request(.stop(RunName(key: "job/1", token: 101), immediately: false))
        simulated.request(.stop(RunName(key: "job/2", token: 102), immediately: true))
        for token in [Token(110), 109, 103] {
            simulated.request(.burn(RunName(key: "job/3", token: token)))
        }
        simulated.request(.burn(RunName(key: "unknown", token: .max)))
        simulated.die(4, .exited(code: 3))
        simulated.die(5, .signalled(11, dumpedCore: true), outOfMemory: true)
        simulated.receive(
            .mainEnded(slot: 6, .exited(code: 0), ranOutOfMemory: false, isEmpty: false))
        simulated.receive(.emptied(slot: 7))
        return simulated
    }

    @Test("comes back equal", arguments: cases)
    func roundTrip(_ example: Case) throws {
        let bytes = try example.machine.encoded()
        #expect(try GuardMachine(decoding: bytes) == example.machine)
        #expect(try GuardMachine(decoding: bytes).encoded() == bytes)
    }

    @Test("decides afterwards what it would have decided", arguments: cases)
    func sameDecisions(_ example: Case) throws {
        var original = example.machine
        var restored = try GuardMachine(decoding: original.encoded())
        let now = Samples.moment(1_100_000)
        let events: [GuardEvent] =
            [.agentConnected, .enforced] + Samples.requests.map(GuardEvent.request)
            + (0..<12).flatMap { slot -> [GuardEvent] in
                [
                    .frozen(slot: slot),
                    .mainEnded(slot: slot, .exited(code: 1), ranOutOfMemory: false, isEmpty: true),
                ]
            }
        for event in events {
            #expect(original.receive(event, at: now) == restored.receive(event, at: now))
        }
        #expect(original == restored)
    }

    @Test("C8: tokens stay burned, keys beyond the memory's limit too")
    func tokens() throws {
        var simulated = Self.busy()
        simulated.request(.burn(RunName(key: "burned", token: 500)))
        var restored = try GuardMachine(decoding: simulated.machine.encoded())
        for (key, token, isUsed) in [("burned", Token(500), true), ("burned", 501, false)] {
            let order = Samples.order(RunName(key: key, token: token))
            let effects = restored.receive(.request(.launch(order)), at: simulated.now)
            #expect((effects == [.report(.refused(order.name, .staleToken))]) == isUsed)
        }
    }

    @Test("a state cut anywhere is refused", arguments: cases)
    func truncation(_ example: Case) throws {
        let bytes = try example.machine.encoded()
        for count in 0..<bytes.count {
            #expect(throws: GuardFrameError.self, "cut to \(count)") {
                try GuardMachine(decoding: Array(bytes[..<count]))
            }
        }
    }

    @Test("a byte too many, or another version, is refused")
    func notThis() throws {
        let bytes = try Self.busy().machine.encoded()
        #expect(throws: GuardFrameError.trailingBytes(1)) {
            try GuardMachine(decoding: bytes + [0])
        }
        #expect(throws: GuardFrameError.unknownVersion(2)) {
            try GuardMachine(decoding: [2] + bytes.dropFirst())
        }
    }

    /// Goal: no bytes bring the machine down, at reading or later.
    ///
    /// Method: states with a few bytes spoiled; what is accepted must be stable and take every
    /// kind of event.
    @Test("spoiled states are refused or are states", arguments: 0..<40 as Range<UInt64>)
    func spoiled(_ seed: UInt64) throws {
        var random = SeededGenerator(seed: seed)
        let example = Self.cases[Int(seed) % Self.cases.count]
        let bytes = try example.machine.encoded()
        for _ in 0..<100 {
            var spoiled = bytes
            for _ in 0..<Int.random(in: 1...4, using: &random) {
                let index = Int.random(in: 0..<spoiled.count, using: &random)
                spoiled[index] = [
                    0, 1, 0x7F, 0x80, 0xFF, UInt8.random(in: 0...255, using: &random),
                ].randomElement(using: &random)!
            }
            guard var machine = try? GuardMachine(decoding: spoiled) else { continue }
            #expect(try machine.encoded() == spoiled)
            Self.exercise(&machine)
        }
    }

    private static func exercise(_ machine: inout GuardMachine) {
        for milliseconds in [Int64(1_000_000), 1_004_100, 2_000_000] {
            let now = Samples.moment(milliseconds)
            _ = machine.enforce(at: now) { _, _ in }
            _ = machine.nextWakeUp(after: now)
            for request in Samples.requests { _ = machine.receive(.request(request), at: now) }
            for slot in -1...13 {
                _ = machine.receive(.frozen(slot: slot), at: now)
                _ = machine.receive(.emptied(slot: slot), at: now)
            }
            for event in [GuardEvent.agentConnected, .clockDisrupted, .enforced, .terminated] {
                _ = machine.receive(event, at: now)
            }
        }
    }

    /// What no machine can be, though every field of it is well-formed.
    @Test("a run that may execute with no kernel timer behind it is refused (G4)")
    func withoutTimer() throws {
        let busy = try Self.busy().machine.encoded()
        // The last field but one flag: the timer, then no disruption.
        var bytes = busy
        #expect(bytes[bytes.count - 2] == 1)
        bytes[bytes.count - 2] = 0
        #expect(throws: GuardFrameError.invalid(.state)) { try GuardMachine(decoding: bytes) }
    }
}

/// SplitMix64: the same numbers from the same seed.
struct SeededGenerator: RandomNumberGenerator {
    private var state: UInt64

    init(seed: UInt64) { self.state = seed }

    mutating func next() -> UInt64 {
        self.state &+= 0x9E37_79B9_7F4A_7C15
        return StableHash.mix(self.state)
    }
}
