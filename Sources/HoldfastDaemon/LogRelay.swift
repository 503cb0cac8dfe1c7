package import HoldfastAPI
package import HoldfastCore
import HoldfastNode
import NIOCore

/// Logs from any host: reads here what is kept here, and asks the other host for the rest.
///
/// Confined to the loop of its driver.
package final class LogRelay {
    private let driver: HostDriver
    private let host: HostName
    /// Begins at random: what is still on its way to an earlier process of this host, and what
    /// another host still reads out for it, is none of ours.
    private var lastID = UInt64.random(in: 0..<(1 << 63))
    /// Streams that we read from another host.
    private var incoming: [UInt64: (host: HostName, subscriber: Subscriber<[UInt8]>)] = [:]
    /// Streams that another host reads from us.
    private var outgoing: [OutgoingID: @Sendable () -> Void] = [:]

    private struct OutgoingID: Hashable {
        var host: HostName
        var id: UInt64
    }

    /// How long another host may take to say the first thing.
    private static let patience = TimeAmount.seconds(5)
    private static let streamLimit = 256

    package init(driver: HostDriver, host: HostName) {
        self.driver = driver
        self.host = host
    }

    /// - Parameters:
    ///   - key: Of any job.
    ///   - source: The host that has the log.
    ///   - lines: How many to look back.
    ///   - follow: Whether to go on with what comes.
    ///   - subscriber: Told on the loop.
    /// - Returns: What ends the stream from the reader's side.
    package func read(
        _ key: Key, from source: HostName, lines: Int, follow: Bool,
        _ subscriber: @escaping Subscriber<[UInt8]>
    ) -> Cancellation {
        source == self.host
            ? self.readHere(key, lines: lines, follow: follow, subscriber)
            : self.readThere(key, source, lines: lines, follow: follow, subscriber)
    }

    private func readHere(
        _ key: Key, lines: Int, follow: Bool, _ subscriber: @escaping Subscriber<[UInt8]>
    ) -> Cancellation {
        let bound = NIOLoopBound(subscriber, eventLoop: self.driver.loop)
        let loop = self.driver.loop
        subscriber(.opened)
        let cancel = self.driver.logs.read(key, lines: lines, follow: follow) { bytes in
            loop.execute {
                if !bytes.isEmpty {
                    bound.value(.element(bytes))
                } else if !follow {
                    bound.value(.ended(nil))
                }
            }
        }
        return { cancel() }
    }

    private func readThere(
        _ key: Key, _ source: HostName, lines: Int, follow: Bool,
        _ subscriber: @escaping Subscriber<[UInt8]>
    ) -> Cancellation {
        self.lastID += 1
        let id = self.lastID
        self.incoming[id] = (source, subscriber)
        self.send(
            .readLog(id: id, key, lines: UInt32(clamping: lines), follow: follow), to: source)
        let bound = NIOLoopBound(self, eventLoop: self.driver.loop)
        var hasOpened = false
        self.incoming[id]?.subscriber = { signal in
            hasOpened = true
            subscriber(signal)
        }
        let giveUp = NIOLoopBound(
            {
                guard !hasOpened, bound.value.incoming.removeValue(forKey: id) != nil else {
                    return
                }
                subscriber(.ended(Self.silent(source, key)))
            }, eventLoop: self.driver.loop)
        self.driver.loop.scheduleTask(in: Self.patience) { giveUp.value() }
        return { [weak self] in
            guard let self, self.incoming.removeValue(forKey: id) != nil else { return }
            self.send(.cancel(id: id), to: source)
        }
    }

    private static func silent(_ host: HostName, _ key: Key) -> APIFailure {
        APIFailure(
            status: 503, what: "cannot read the log of '\(key)'",
            why: "\(host), which has it, does not answer",
            next: "try again when the host is back, or read it there", exit: .unavailable)
    }

    /// Another host's API speaks.
    package func receive(_ bytes: [UInt8], from host: HostName) {
        guard let frame = try? RelayFrame(decoding: bytes) else { return }
        switch frame {
        case .readLog(let id, let key, let lines, let follow):
            self.serve(OutgoingID(host: host, id: id), key, lines: Int(lines), follow: follow)
        case .bytes(let id, let bytes):
            guard let stream = self.incoming[id], stream.host == host else {
                // Read out for nobody: its reader is gone, and so was the word of that.
                self.send(.cancel(id: id), to: host)
                return
            }
            stream.subscriber(bytes.isEmpty ? .opened : .element(bytes))
        case .end(let id):
            guard let stream = self.incoming[id], stream.host == host else { return }
            self.incoming[id] = nil
            stream.subscriber(.ended(nil))
        case .cancel(let id):
            self.outgoing.removeValue(forKey: OutgoingID(host: host, id: id))?()
        }
    }

    private func serve(_ stream: OutgoingID, _ key: Key, lines: Int, follow: Bool) {
        guard self.outgoing.count < Self.streamLimit, self.outgoing[stream] == nil else {
            self.send(.end(id: stream.id), to: stream.host)
            return
        }
        self.send(.bytes(id: stream.id, []), to: stream.host)
        let bound = NIOLoopBound(self, eventLoop: self.driver.loop)
        let loop = self.driver.loop
        let cancel = self.driver.logs.read(key, lines: lines, follow: follow) { bytes in
            loop.execute {
                if !bytes.isEmpty {
                    bound.value.send(.bytes(id: stream.id, bytes), to: stream.host)
                } else if !follow {
                    bound.value.outgoing[stream] = nil
                    bound.value.send(.end(id: stream.id), to: stream.host)
                }
            }
        }
        self.outgoing[stream] = cancel
    }

    private func send(_ frame: RelayFrame, to host: HostName) {
        self.driver.step(.relay(frame.encode(), to: host))
    }
}
