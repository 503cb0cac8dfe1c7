internal import HoldfastCore
internal import NIOCore

/// One connection that somebody dialled: first a greeting, which is answered, then frames.
final class InboundHandler: ChannelInboundHandler {
    typealias InboundIn = ByteBuffer
    typealias OutboundOut = ByteBuffer

    private enum Phase {
        case awaitingGreeting(deadline: Scheduled<Void>)
        case receiving(from: HostName)
        case closing
    }

    private let network: PeerNetwork
    private var phase = Phase.closing
    private var splitter = FrameSplitter()
    private var sender: HostName?
    private var address: PeerAddress?

    init(network: PeerNetwork) {
        self.network = network
    }

    static let greetingTime = TimeAmount.seconds(2)

    func channelActive(context: ChannelHandlerContext) {
        self.address = context.remoteAddress.flatMap(PeerAddress.init(socket:))
        guard self.network.mayStay(context.channel) else {
            return self.reject(.tooMany, context: context)
        }
        let deadline = context.eventLoop.assumeIsolated().scheduleTask(in: Self.greetingTime) {
            guard case .awaitingGreeting = self.phase else { return }
            self.reject(.noGreeting, context: context)
        }
        self.phase = .awaitingGreeting(deadline: deadline)
        context.fireChannelActive()
    }

    func channelRead(context: ChannelHandlerContext, data: NIOAny) {
        if case .closing = self.phase { return }
        self.splitter.append(self.unwrapInboundIn(data))
        do throws(FrameSplitter.BadLength) {
            while try self.takeFrame(context: context) {}
        } catch {
            switch self.phase {
            case .awaitingGreeting: self.reject(.noGreeting, context: context)
            case .receiving: self.reject(.badLength(error.length), context: context)
            case .closing: break
            }
        }
    }

    func channelInactive(context: ChannelHandlerContext) {
        switch self.phase {
        case .awaitingGreeting(let deadline):
            deadline.cancel()
            // A probe of the port that sends nothing is no garbage.
            if self.splitter.isAmidFrame { self.reject(.noGreeting, context: context) }
        case .receiving:
            if self.splitter.isAmidFrame { self.reject(.truncated, context: context) }
        case .closing: break
        }
        self.phase = .closing
        self.network.ended(context.channel, of: self.sender)
        context.fireChannelInactive()
    }

    func errorCaught(context: ChannelHandlerContext, error: any Error) {
        context.close(promise: nil)
    }

    /// Takes the next frame; false when there is none, or none is wanted any more.
    private func takeFrame(
        context: ChannelHandlerContext
    ) throws(FrameSplitter.BadLength) -> Bool {
        switch self.phase {
        case .awaitingGreeting(let deadline):
            guard let frame = try self.splitter.next(limit: Greeting.byteLimit) else {
                return false
            }
            deadline.cancel()
            self.answer(frame, context: context)
            return true
        case .receiving(let host):
            guard self.network.isCurrent(context.channel, of: host),
                let frame = try self.splitter.next(limit: Limits.peerFrameBytes)
            else { return false }
            self.network.received(frame, from: host)
            return true
        case .closing: return false
        }
    }

    private func answer(_ frame: [UInt8], context: ChannelHandlerContext) {
        let verdict: Verdict
        do throws(Greeting.Flaw) {
            let greeting = try Greeting(reading: frame)
            verdict = self.network.judge(greeting, from: context.channel)
            if verdict == .welcome {
                self.sender = greeting.sender
                self.phase = .receiving(from: greeting.sender)
            }
        } catch {
            switch error {
            case .malformed: return self.reject(.noGreeting, context: context)
            case .wrongVersion: verdict = .wrongVersion
            }
        }
        var buffer = context.channel.allocator.buffer(capacity: 16)
        buffer.writeFrame(verdict.bytes)
        context.writeAndFlush(self.wrapOutboundOut(buffer), promise: nil)
        if verdict != .welcome { self.reject(.refused(verdict), context: context) }
    }

    private func reject(_ reason: Rejection, context: ChannelHandlerContext) {
        if case .awaitingGreeting(let deadline) = self.phase { deadline.cancel() }
        self.phase = .closing
        self.splitter = FrameSplitter()
        self.network.reject(reason, from: self.address)
        context.close(promise: nil)
    }
}
