import HoldfastCore
import HoldfastGuardCore
import HoldfastLinux

/// The guard's end of its connection with one agent: never waits, keeps what does not fit.
final class AgentLink {
    private struct Frame {
        var bytes: [UInt8]
        var attached: OwnedDescriptor?
    }

    enum Incoming {
        case request(GuardRequest)
        case nothing
        /// Nothing more comes: the agent went, or `why` we do not listen any longer.
        case ended(why: String?)
    }

    let socket: PacketSocket
    private var waiting: [Frame] = []
    private var first = 0
    private var byteCount = 0

    init(_ socket: PacketSocket) {
        self.socket = socket
    }

    var hasWaiting: Bool { self.first < self.waiting.count }

    func next() -> Incoming {
        switch self.socket.receive() {
        case .nothing: return .nothing
        case .end, .failed: return .ended(why: nil)
        case .packet(let bytes, let attached):
            guard attached == nil else { return .ended(why: "the frame carries a descriptor") }
            do {
                return .request(try GuardFrame.decodeRequest(bytes))
            } catch {
                return .ended(why: error.description)
            }
        }
    }

    /// - Returns: Whether the link is still good; an agent that reads nothing is given up.
    func send(_ report: GuardReport, attached: OwnedDescriptor?) -> Bool {
        guard let frames = try? GuardFrame.encode(report) else { return false }
        for bytes in frames {
            guard self.waiting.count - self.first < Limits.queuedGuardFrameCount,
                self.byteCount + bytes.count <= Limits.queuedGuardFrameBytes
            else { return false }
            self.waiting.append(Frame(bytes: bytes, attached: attached))
            self.byteCount += bytes.count
        }
        return self.flush()
    }

    /// Sends what waits, as far as there is room.
    ///
    /// - Returns: Whether the link is still good.
    func flush() -> Bool {
        while self.first < self.waiting.count {
            let frame = self.waiting[self.first]
            switch self.socket.send(frame.bytes, attached: frame.attached?.number) {
            case .sent:
                self.waiting[self.first] = Frame(bytes: [], attached: nil)
                self.byteCount -= frame.bytes.count
                self.first += 1
            case .full:
                self.compact()
                return true
            case .failed: return false
            }
        }
        self.waiting.removeAll(keepingCapacity: self.waiting.capacity <= 1024)
        self.first = 0
        return true
    }

    /// An agent that always leaves something unread must not make the list ever longer.
    private func compact() {
        guard self.first > 1024, self.first > self.waiting.count / 2 else { return }
        self.waiting.removeFirst(self.first)
        self.first = 0
    }
}
