import CHoldfastLinux
import Glibc
package import HoldfastCore
package import HoldfastGuardCore
import Synchronization

/// The agent's end of its connection with the guard.
///
/// `send` never blocks and may be called from any thread; `receive` blocks, and belongs to one
/// reader thread, which also writes what did not fit the socket at once. No callback is made.
/// After any error the connection is of no use: close it and make another.
package final class GuardConnection: Sendable {
    /// What came from the guard, in order.
    package enum Incoming: Sendable {
        /// `logPipe` is the reading end of the run's output, with `launched` and with `exited`;
        /// non-blocking. Let go of it where it is not needed.
        case report(GuardReport, logPipe: OwnedDescriptor?)
        /// The guard closed the connection: it ended, or another agent took our place, or it
        /// refused what we sent. `guardHasEnded` tells the first from the others.
        case closed
    }

    private struct Queue: Sendable {
        var frames: [[UInt8]] = []
        var first = 0
        var byteCount = 0
        var isClosed = false
    }

    private struct Reader: Sendable {
        var decoder = GuardReportDecoder()
        /// The control groups of the guard's runs; `nil` where it has none.
        var runsPath: String?
    }

    private let socket: PacketSocket
    private let wake: OwnedDescriptor
    private let wakeNumber: Int32
    private let queue = Mutex(Queue())
    private let reader = Mutex(Reader())
    private let guardProcess: ProcessDescriptor

    /// Connects to the guard that listens at `path`.
    package init(path: String) throws(SystemCallFailure) {
        let socket = try PacketSocket(connectingTo: path)
        self.socket = socket
        self.guardProcess = try ProcessDescriptor(peerOf: socket.number)
        self.wakeNumber = try SystemCallFailure.check("eventfd", holdfast_eventfd_create())
        self.wake = OwnedDescriptor(self.wakeNumber)
    }

    /// Whether the guard process itself is gone.
    ///
    /// Its children then are, or are being ended by the kernel. Waits for that up to
    /// `milliseconds`.
    package func guardHasEnded(within milliseconds: Int32 = 0) -> Bool {
        self.guardProcess.hasEnded(within: milliseconds)
    }

    /// Kills what a dead guard's runs left, as far as we may, and waits for it to be gone (G8).
    ///
    /// The next guard does the same before it says hello; this is for the time until there is one.
    ///
    /// - Parameter limit: How long to wait.
    /// - Returns: Whether every run's tree was read back as empty. `false` while the guard lives,
    ///   without control groups, and where they belong to another user.
    package func emptyLeftOvers(within limit: Duration) -> Bool {
        guard self.guardHasEnded(), let path = self.reader.withLock({ reader in reader.runsPath })
        else { return false }
        let runs: ControlGroup
        do {
            runs = try ControlGroup.open(path)
        } catch {
            // Removed means that it was empty.
            return error.errorNumber == ENOENT
        }
        let names = runs.children()
        do throws(SystemCallFailure) {
            for name in names { try Self.open(runs, name)?.kill() }
            let start = Clocks.read()
            for name in names {
                // One open at a time: there may be more of them than descriptors.
                guard let group = try Self.open(runs, name) else { continue }
                while group.state?.contains(.populated) != false {
                    guard Clocks.read().holderElapsed(since: start) < limit else { return false }
                    usleep(1000)
                }
            }
        } catch {
            return false
        }
        return true
    }

    /// `nil` when it was removed, and so was empty; any other failure proves nothing.
    private static func open(
        _ parent: ControlGroup, _ name: String
    ) throws(SystemCallFailure) -> ControlGroup? {
        do {
            return try parent.open(name)
        } catch {
            guard error.errorNumber == ENOENT else { throw error }
            return nil
        }
    }

    /// Where the runs of this guard are, once it has said hello; `nil` without control groups.
    package var runsPlace: String? { self.reader.withLock { reader in reader.runsPath } }

    /// The guard sits in `…/guard`, its runs in `…/runs`.
    private static func runsPath(ofPeer socket: Int32) -> String? {
        var peer = holdfast_peer()
        guard holdfast_peer(socket, &peer) == 0,
            let path = ControlGroupPlace.find(processID: peer.process), path.hasSuffix("/guard")
        else { return nil }
        return path.dropLast("guard".count) + "runs"
    }

    /// Sends `request` after everything sent before it.
    ///
    /// Success means that it was taken, not that the guard has it.
    ///
    /// - Throws: `malformed` for what no guard would read (nothing is sent, the connection is
    ///   still good), `closed`, or `overflow` when the guard has not read for very long.
    package func send(_ request: GuardRequest) throws(GuardConnectionFailure) {
        let frame: [UInt8]
        do {
            frame = try GuardFrame.encode(request)
        } catch {
            throw .malformed(error)
        }
        let failure = self.queue.withLock { queue in self.enqueue(frame, on: &queue) }
        if let failure { throw failure }
    }

    private func enqueue(_ frame: [UInt8], on queue: inout Queue) -> GuardConnectionFailure? {
        guard !queue.isClosed else { return .closed }
        if queue.frames.isEmpty {
            switch self.socket.send(frame) {
            case .sent: return nil
            case .full: break
            case .failed: return .closed
            }
        }
        guard queue.byteCount + frame.count <= Limits.queuedGuardFrameBytes else {
            return .overflow
        }
        queue.frames.append(frame)
        queue.byteCount += frame.count
        // The reader may wait for reading only.
        self.wakeReader()
        return nil
    }

    /// Waits for the next report.
    ///
    /// - Throws: `GuardFrameError` when the other end does not speak as a guard does.
    package func receive() throws(GuardFrameError) -> Incoming {
        while true {
            let isWriting = self.queue.withLock { queue in self.flush(&queue) }
            switch self.socket.receive() {
            case .packet(let bytes, let attached):
                if let report = try self.decode(bytes) {
                    return .report(report, logPipe: attached)
                }
            case .nothing:
                _ = holdfast_poll_two(self.socket.number, isWriting, self.wakeNumber)
                self.drainWake()
            case .failed(EMSGSIZE): throw .tooLong(.frame)
            case .end, .failed: return .closed
            }
        }
    }

    private func decode(_ bytes: [UInt8]) throws(GuardFrameError) -> GuardReport? {
        // `withLock` would lose the type of the error.
        var decoder = self.reader.withLock { reader in reader.decoder }
        let report = try decoder.receive(bytes)
        self.reader.withLock { [decoder] reader in
            reader.decoder = decoder
            // The guard moves to its place after it began to listen, and before it says hello.
            if case .hello = report { reader.runsPath = Self.runsPath(ofPeer: self.socket.number) }
        }
        return report
    }

    /// Ends the connection; a `receive` that waits returns `closed`.
    package func close() {
        self.queue.withLock { queue in
            queue.isClosed = true
            queue.frames = []
            queue.byteCount = 0
        }
        self.socket.shutDown()
        self.wakeReader()
    }

    /// Writes what waits, as far as there is room; returns whether something still waits.
    private func flush(_ queue: inout Queue) -> Bool {
        while queue.first < queue.frames.count {
            let frame = queue.frames[queue.first]
            guard self.socket.send(frame) != .full else {
                Self.compact(&queue)
                return true
            }
            // A failed connection shows itself to the reader at once.
            queue.frames[queue.first] = []
            queue.first += 1
            queue.byteCount -= frame.count
        }
        queue.frames = []
        queue.first = 0
        return false
    }

    /// A guard that always leaves something unread must not make the list ever longer.
    private static func compact(_ queue: inout Queue) {
        guard queue.first > 1024, queue.first > queue.frames.count / 2 else { return }
        queue.frames.removeFirst(queue.first)
        queue.first = 0
    }

    private func wakeReader() {
        var one: UInt64 = 1
        _ = write(self.wakeNumber, &one, 8)
    }

    private func drainWake() {
        var count: UInt64 = 0
        _ = read(self.wakeNumber, &count, 8)
    }
}

/// Why a request was not sent to the guard.
package enum GuardConnectionFailure: OperatorFacing, Hashable {
    case closed
    /// The guard has left so much unread that it must be thought stuck.
    case overflow
    case malformed(GuardFrameError)

    package var what: String { "cannot ask the guard" }

    package var why: String {
        switch self {
        case .closed: "its connection is closed"
        case .overflow: "it does not read what it is sent"
        case .malformed(let error): error.description
        }
    }

    package var next: String {
        switch self {
        case .closed: "look at why holdfast-guard ended"
        case .overflow: "look at why holdfast-guard is stuck"
        case .malformed: "shorten or correct the command"
        }
    }

    package var exitStatus: ExitStatusCode {
        switch self {
        case .closed, .overflow: .unavailable
        case .malformed: .badData
        }
    }
}
