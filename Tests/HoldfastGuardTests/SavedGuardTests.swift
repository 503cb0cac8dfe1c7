import Foundation
import HoldfastCore
import HoldfastGuard
import HoldfastGuardCore
import HoldfastLinux
import Testing

@Suite("The guard as bytes")
struct SavedGuardTests {
    static let session = GuardSession(
        epoch: 3, nonce: Nonce(high: 1, low: 2), owner: AcceptorID(high: 1, low: 1),
        fencingBudget: .seconds(4), wakeUpDelay: .milliseconds(100))

    static func moment(_ seconds: Int64) -> Moment {
        Moment(boot: 0, monotonic: 0, raw: 0).advanced(by: .seconds(seconds))
    }

    /// A machine with two live runs and a kept exit, as its driver would have made it.
    static func machine(_ containment: Containment) -> GuardMachine {
        var machine = GuardMachine(
            .init(incarnation: 9, containment: containment, allowedUsers: .any))
        let now = Self.moment(100)
        let deadlines = GuardDeadlines(soft: Self.moment(102), hard: Self.moment(103))
        var events: [GuardEvent] = [
            .agentConnected, .request(.adopt(Self.session)),
            .request(.renew(epoch: 3, sequence: 1, deadlines)),
        ]
        for (slot, key) in ["a", "b", "c"].enumerated() {
            events.append(.request(.launch(Orders.shell(key, "exit 0", epoch: 3))))
            events.append(.launched(slot: slot, processID: Int32(100 + slot)))
        }
        events.append(
            .mainEnded(slot: 1, .exited(code: 4), ranOutOfMemory: false, isEmpty: true))
        for event in events { _ = machine.receive(event, at: now) }
        return machine
    }

    static func saved(_ containment: Containment = .cgroup) -> SavedGuard {
        let hasGroups = containment == .cgroup
        let children = [0, 2].map { slot in
            SavedGuard.Child(
                slot: slot, generation: UInt32(slot + 1), nest: "abc.3.\(slot + 1)",
                nestNumber: Int32(slot + 1), group: hasGroups ? Int32(20 + slot) : nil,
                process: Int32(30 + slot), stopSignal: 15, hasEnded: false, isKilled: slot == 2,
                awaitsFrozen: false)
        }
        let pipes = ["a", "b", "c"].enumerated().map { index, key in
            SavedGuard.Pipe(name: RunName(key: key, token: 1), descriptor: Int32(40 + index))
        }
        var options = GuardOptions(
            containment: containment, socketPath: "/run/x/guard.sock", name: "x",
            allowedUsers: .only([]))
        options.exitsWithParent = true
        return SavedGuard(
            options: options, parentID: 1, openFiles: .init(soft: 1024, hard: 4096),
            measured: .init(launch: .milliseconds(1), freeze: .zero, kill: .milliseconds(2)),
            listener: 5, lock: 6,
            tree: hasGroups
                ? .groups(own: 7, home: 8, runs: 9, isBornByItself: true) : .processes,
            launchCount: 3, badFrameCount: 2, vmMarker: 77, kernelDeadline: Self.moment(104),
            standIn: StandIn(processID: 4321), children: children, pipes: pipes,
            machine: Self.machine(containment))
    }

    @Test("comes back equal", arguments: Containment.allCases)
    func roundTrip(_ containment: Containment) throws {
        let saved = Self.saved(containment)
        #expect(try SavedGuard(decoding: saved.encoded()) == saved)
    }

    @Test("a state cut anywhere, or with a byte too many, is refused")
    func truncation() throws {
        let bytes = try Self.saved().encoded()
        for count in 0..<bytes.count {
            #expect(throws: SavedGuardError.self, "cut to \(count)") {
                try SavedGuard(decoding: Array(bytes[..<count]))
            }
        }
        #expect(throws: SavedGuardError.malformed(.trailing)) {
            try SavedGuard(decoding: bytes + [0])
        }
    }

    @Test("what was never a state, or is one of another version, is refused by name")
    func notThis() throws {
        let bytes = try Self.saved().encoded()
        #expect(throws: SavedGuardError.notOne) { try SavedGuard(decoding: [0] + bytes) }
        var other = bytes
        other[4] = 2
        #expect(throws: SavedGuardError.version(2)) { try SavedGuard(decoding: other) }
    }

    /// A contradiction between two parts, each of which could be.
    struct Contradiction: CustomTestStringConvertible {
        let testDescription: String
        let part: SavedGuardPart
        let spoil: @Sendable (inout SavedGuard) -> Void
    }

    static let contradictions = [
        Contradiction(testDescription: "a run without a child", part: .children) { saved in
            saved.children.removeLast()
        },
        Contradiction(testDescription: "a child without a run", part: .children) { saved in
            saved.children[1].slot = 3
        },
        Contradiction(testDescription: "a run without a pipe", part: .pipes) { saved in
            saved.pipes.removeFirst()
        },
        Contradiction(testDescription: "a pipe of nobody", part: .pipes) { saved in
            saved.pipes[2].name.token = 2
        },
        Contradiction(testDescription: "one descriptor for two things", part: .descriptors) {
            saved in saved.pipes[0].descriptor = saved.listener
        },
        Contradiction(testDescription: "a standard stream", part: .descriptors) { saved in
            saved.lock = 2
        },
        Contradiction(testDescription: "a negative descriptor", part: .descriptors) { saved in
            saved.children[0].process = -1
        },
        Contradiction(testDescription: "runs without a deadline", part: .kernelTimer) { saved in
            saved.kernelDeadline = nil
        },
        Contradiction(testDescription: "a deadline that nobody keeps", part: .kernelTimer) {
            saved in saved.standIn = nil
        },
        Contradiction(testDescription: "a child without a group", part: .containment) { saved in
            saved.children[0].group = nil
        },
        Contradiction(testDescription: "groups of another class", part: .containment) { saved in
            saved.tree = .processes
        },
    ]

    @Test("parts that contradict each other are refused", arguments: contradictions)
    func contradiction(_ contradiction: Contradiction) throws {
        var saved = Self.saved()
        contradiction.spoil(&saved)
        let bytes = try saved.encoded()
        #expect(throws: SavedGuardError.inconsistent(contradiction.part)) {
            try SavedGuard(decoding: bytes)
        }
    }

    /// Goal: no bytes bring the program down before it could end its runs.
    ///
    /// Method: every byte of a state replaced by several others, one at a time.
    @Test("spoiled states are refused or are states")
    func spoiled() throws {
        let bytes = try Self.saved().encoded()
        for index in bytes.indices {
            for value in [0, 1, 0x7F, 0x80, 0xFF] as [UInt8] where value != bytes[index] {
                var spoiled = bytes
                spoiled[index] = value
                guard let saved = try? SavedGuard(decoding: spoiled) else { continue }
                #expect(try SavedGuard(decoding: saved.encoded()) == saved)
            }
        }
    }

    @Test("memory that could still change, or is too large, is not read")
    func memory() throws {
        let sealed = try SealedMemory.make("test", [1, 2, 3])
        #expect(try SealedMemory.read(sealed, upTo: 3) == [1, 2, 3])
        #expect(throws: SystemCallFailure(call: "fstat", errorNumber: EFBIG)) {
            try SealedMemory.read(sealed, upTo: 2)
        }
        let number = try #require(sealed.number)
        var byte: UInt8 = 9
        #expect(pwrite(number, &byte, 1, 0) == -1)
        let file = OwnedDescriptor(open("/dev/null", O_RDONLY | O_CLOEXEC))
        #expect(throws: SystemCallFailure.self) { try SealedMemory.read(file, upTo: 3) }
    }
}
