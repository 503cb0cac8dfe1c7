import Glibc
import HoldfastCore
package import HoldfastGuardCore
package import HoldfastLinux
package import Logging
import Synchronization

/// Keeps the agent connected with its guard: one thread that connects, reads, and connects again.
///
/// Reports are handed over in order; `send` may be called from any thread and is forgotten while
/// there is no connection: the hello of the next one says what is so.
package final class GuardLink: Sendable {
    package enum Report: Sendable {
        case report(GuardReport, logPipe: OwnedDescriptor?)
        /// The connection ended; `isDead`, perhaps said in a second report: the guard's process is
        /// gone, and so is everything that it ran.
        case lost(isDead: Bool)
    }

    private struct State {
        var connection: GuardConnection?
        var isStopped = false
        /// Where the runs of a guard were that died, as long as nobody is known to have ended them.
        var unprovenPlace: String?
    }

    private let path: String
    private let state = Mutex(State())
    private let logger: Logger
    private let deliver: @Sendable (Report) -> Void

    private static let retryMicroseconds: UInt32 = 20_000
    /// A connection that lasted longer did not end because of us.
    private static let settledTime = Duration.seconds(1)
    /// How often and how long to look whether a guard that closed its connection is dead.
    private static let lookCount = 60
    private static let lookMilliseconds: Int32 = 20

    /// - Parameters:
    ///   - path: The guard's socket.
    ///   - logger: For what the connection meets.
    ///   - deliver: Called on the link's thread; should do no more than hop away.
    package init(
        path: String, logger: Logger, deliver: @escaping @Sendable (Report) -> Void
    ) {
        self.path = path
        self.logger = logger
        self.deliver = deliver
    }

    /// Starts the thread.
    package func start() {
        let holder = Unmanaged.passRetained(self)
        var thread = pthread_t()
        let result = pthread_create(
            &thread, nil,
            { @Sendable argument in
                guard let argument else { return nil }
                Unmanaged<GuardLink>.fromOpaque(argument).takeRetainedValue().run()
                return nil
            }, holder.toOpaque())
        guard result == 0 else {
            holder.release()
            self.logger.critical("no thread for the guard's connection")
            return
        }
        pthread_detach(thread)
    }

    package func stop() {
        let connection = self.state.withLock { state in
            state.isStopped = true
            return state.connection
        }
        connection?.close()
    }

    package func send(_ request: GuardRequest) {
        guard let connection = self.state.withLock({ $0.connection }) else { return }
        do throws(GuardConnectionFailure) {
            try connection.send(request)
        } catch {
            // The reader sees the end of the connection and reports it.
            self.logger.warning(
                "a request to the guard was not sent", metadata: ["why": "\(error.why)"])
            connection.close()
        }
    }

    private var isStopped: Bool { self.state.withLock { $0.isStopped } }

    private func run() {
        var hasComplained = false
        var next: GuardConnection?
        var previous: GuardConnection?
        while !self.isStopped {
            do throws(SystemCallFailure) {
                let connection: GuardConnection
                if let next { connection = next } else { connection = try self.connect() }
                next = nil
                self.state.withLock { $0.connection = connection }
                hasComplained = false
                let start = Clocks.read()
                self.read(connection)
                self.state.withLock { $0.connection = nil }
                let lasted = Clocks.read().holderElapsed(since: start)
                // One that a dying guard took knows nothing of its place; the one before does.
                let ended = connection.runsPlace == nil ? previous ?? connection : connection
                next = self.reportEnd(of: ended, wasSettled: lasted > Self.settledTime)
                previous = next == nil ? nil : ended
                if next != nil { continue }
            } catch {
                if !hasComplained {
                    hasComplained = true
                    self.logger.warning(
                        "the guard cannot be reached; nothing is launched until it can",
                        metadata: ["socket": "\(self.path)", "why": "\(error.why)"])
                }
            }
            usleep(Self.retryMicroseconds)
        }
    }

    private func read(_ connection: GuardConnection) {
        while true {
            do throws(GuardFrameError) {
                switch try connection.receive() {
                case .report(let report, let pipe):
                    if case .hello = report { self.prove(by: connection) }
                    self.deliver(.report(report, logPipe: pipe))
                case .closed: return
                }
            } catch {
                self.logger.error(
                    "the guard does not speak as a guard does", metadata: ["why": "\(error)"])
                connection.close()
                return
            }
        }
    }

    private func connect() throws(SystemCallFailure) -> GuardConnection {
        try GuardConnection(path: self.path)
    }

    /// Tells that the connection is lost, and if the guard is dead and nothing is left of its
    /// runs, that too: only then may its session be given back (S10).
    ///
    /// - Parameters:
    ///   - connection: Ended.
    ///   - wasSettled: Whether it was good for long. Then a guard that lives has most likely
    ///     replaced its program (G7), and the deadlines do not wait for us: connect at once.
    ///     Otherwise another agent may have taken our place, or it refused us: no haste.
    /// - Returns: The next connection, if there is one already.
    private func reportEnd(of connection: GuardConnection, wasSettled: Bool) -> GuardConnection? {
        guard !self.isStopped else { return nil }
        self.deliver(.lost(isDead: false))
        for _ in 0..<Self.lookCount where !self.isStopped {
            if connection.guardHasEnded(within: Self.lookMilliseconds) {
                self.empty(after: connection)
                return nil
            }
            if wasSettled, let next = try? self.connect() { return next }
        }
        return nil
    }

    /// G8: what a dead guard left is killed, also where no other guard comes.
    private func empty(after connection: GuardConnection) {
        if connection.emptyLeftOvers(within: .seconds(1)) {
            self.deliver(.lost(isDead: true))
            return
        }
        self.state.withLock { $0.unprovenPlace = connection.runsPlace }
        self.logger.info("what the dead guard left is for the next guard to end")
    }

    /// G8: a guard has emptied its place before its hello.
    ///
    /// Of another place, as of a guard started by hand from another session, it knows nothing.
    private func prove(by connection: GuardConnection) {
        let isProven = self.state.withLock { state in
            guard let place = state.unprovenPlace, place == connection.runsPlace else {
                return false
            }
            state.unprovenPlace = nil
            return true
        }
        if isProven { self.deliver(.lost(isDead: true)) }
    }
}
