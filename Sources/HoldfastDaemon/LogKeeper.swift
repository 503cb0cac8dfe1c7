import Glibc
package import HoldfastCore
package import HoldfastGuardCore
package import HoldfastJobs
package import HoldfastLinux
package import Logging
package import NIOCore
import NIOPosix
import Synchronization

/// Reads what the jobs of this host write, and keeps it in files.
///
/// The pipes belong to the guard, which outlives the agent: a job whose agent is away waits, once
/// its pipe is full, and nothing that it wrote is lost. All work is done on one loop of its own,
/// so that a slow disk under the logs delays no heartbeat; every function may be called from
/// anywhere.
package final class LogKeeper: Sendable {
    /// The most that one look back returns.
    private static let tailBytes = 1024 * 1024

    private let directory: String
    private let loop: any EventLoop
    private let logger: Logger
    private let state: NIOLoopBoundBox<State>

    private struct State {
        var files: [String: LogFile] = [:]
        var pipes: [RunName: any Channel] = [:]
        var followers: [String: [UInt64: @Sendable ([UInt8]) -> Void]] = [:]
        var lastFollower: UInt64 = 0
        var lostBytes: UInt64 = 0
    }

    /// - Parameters:
    ///   - directory: Must exist.
    ///   - loop: Used for nothing that is in a hurry.
    ///   - logger: For output that is lost.
    package init(directory: String, loop: any EventLoop, logger: Logger) {
        self.directory = directory
        self.loop = loop
        self.logger = logger
        self.state = .makeBoxSendingValue(State(), eventLoop: loop)
    }

    /// Reads a run's pipe until it ends; one that is read already is left alone.
    package func keep(_ name: RunName, policy: LogPolicy, pipe: OwnedDescriptor) {
        self.loop.execute {
            if let file = self.state.value.files[name.key] {
                file.set(policy)
            } else {
                self.state.value.files[name.key] = LogFile(
                    path: self.path(of: name.key), policy: policy)
            }
            guard self.state.value.pipes[name] == nil, let descriptor = pipe.take() else { return }
            NIOPipeBootstrap(group: self.loop)
                .channelInitializer { channel in
                    channel.eventLoop.makeCompletedFuture {
                        try channel.pipeline.syncOperations.addHandler(
                            LogPipeHandler(keeper: self, name: name))
                    }
                }
                .takingOwnershipOfDescriptor(input: descriptor)
                .whenComplete { result in
                    switch result {
                    case .success(let channel):
                        self.state.value.pipes[name] = channel
                        channel.closeFuture.whenComplete { _ in self.forget(name) }
                    case .failure(let error):
                        close(descriptor)
                        self.logger.warning(
                            "the output of a job cannot be read",
                            metadata: ["key": "\(name.key)", "why": "\(error)"])
                    }
                }
        }
    }

    private func forget(_ name: RunName) {
        self.state.value.pipes[name] = nil
        // The file is opened anew by the next run.
        if !self.state.value.pipes.keys.contains(where: { $0.key == name.key }) {
            self.state.value.files[name.key] = nil
        }
    }

    /// On the loop.
    fileprivate func append(_ name: RunName, _ buffer: ByteBuffer) {
        guard let file = self.state.value.files[name.key] else { return }
        let before = file.lostBytes
        buffer.withUnsafeReadableBytes { file.append($0) }
        if file.lostBytes > before {
            if self.state.value.lostBytes == 0 {
                self.logger.error(
                    "output of a job is lost: its log file cannot be written",
                    metadata: ["key": "\(name.key)", "errno": "\(errno)"])
            }
            self.state.value.lostBytes += file.lostBytes - before
        }
        let followers = self.state.value.followers[name.key] ?? [:]
        guard !followers.isEmpty else { return }
        let bytes = Array(buffer.readableBytesView)
        for follower in followers.keys.sorted() { followers[follower]?(bytes) }
    }

    /// Sends the last lines of a key, then, with `follow`, everything that comes.
    ///
    /// - Parameters:
    ///   - key: Of any job, whether it runs or not.
    ///   - lines: How many to look back.
    ///   - follow: Whether to go on with what comes.
    ///   - deliver: Called on the keeper's loop; an empty run of bytes says that the look back
    ///     is over.
    /// - Returns: What ends it.
    package func read(
        _ key: Key, lines: Int, follow: Bool, deliver: @escaping @Sendable ([UInt8]) -> Void
    ) -> @Sendable () -> Void {
        let follower = Mutex<UInt64?>(nil)
        self.loop.execute {
            let path = self.path(of: key.text)
            let tail = LogFile.tail(path: path, lines: lines, limit: Self.tailBytes)
            for start in stride(from: 0, to: tail.count, by: 64 * 1024) {
                deliver(Array(tail[start..<min(tail.count, start + 64 * 1024)]))
            }
            if follow {
                self.state.value.lastFollower += 1
                let id = self.state.value.lastFollower
                self.state.value.followers[key.text, default: [:]][id] = deliver
                follower.withLock { $0 = id }
            }
            deliver([])
        }
        return {
            self.loop.execute {
                guard let id = follower.withLock({ $0 }) else { return }
                self.state.value.followers[key.text]?[id] = nil
                if self.state.value.followers[key.text]?.isEmpty ?? false {
                    self.state.value.followers[key.text] = nil
                }
            }
        }
    }

    /// Keys hold almost anything; file names hold letters, digits, `.`, `-`, `_` and `@`.
    private func path(of key: String) -> String {
        var name = ""
        for byte in key.utf8 {
            switch byte {
            case 0x30...0x39, 0x41...0x5A, 0x61...0x7A, 0x2D, 0x5F, 0x40:
                name.unicodeScalars.append(Unicode.Scalar(byte))
            case 0x2E where !name.isEmpty:
                name += "."
            default:
                name += "%" + String(byte >> 4, radix: 16) + String(byte & 15, radix: 16)
            }
        }
        // A file name has at most 255 bytes, and rotation needs some of them.
        if name.utf8.count > 200 {
            name = String(name.prefix(180)) + "~" + String(StableHash.of(key), radix: 16)
        }
        return "\(self.directory)/\(name).log"
    }
}

/// Hands what a run writes to the keeper.
private final class LogPipeHandler: ChannelInboundHandler {
    typealias InboundIn = ByteBuffer

    private let keeper: LogKeeper
    private let name: RunName

    init(keeper: LogKeeper, name: RunName) {
        self.keeper = keeper
        self.name = name
    }

    func channelRead(context: ChannelHandlerContext, data: NIOAny) {
        self.keeper.append(self.name, self.unwrapInboundIn(data))
    }

    func errorCaught(context: ChannelHandlerContext, error: any Error) {
        context.close(promise: nil)
    }
}
