internal import NIOCore

/// The reading side of a connection that this host dialled: one answer, and then its end.
final class OutboundHandler: ChannelInboundHandler {
    typealias InboundIn = ByteBuffer

    private let link: PeerLink
    private let attempt: UInt64
    private var splitter = FrameSplitter()
    private var isAnswered = false

    init(link: PeerLink, attempt: UInt64) {
        self.link = link
        self.attempt = attempt
    }

    func channelRead(context: ChannelHandlerContext, data: NIOAny) {
        guard context.channel.isActive else { return }
        self.splitter.append(self.unwrapInboundIn(data))
        guard !self.isAnswered else { return self.reject(context: context) }
        do throws(FrameSplitter.BadLength) {
            guard let frame = try self.splitter.next(limit: Greeting.byteLimit) else { return }
            guard let verdict = Verdict(reading: frame), !self.splitter.isAmidFrame else {
                return self.reject(context: context)
            }
            self.isAnswered = true
            guard self.link.answered(verdict, attempt: self.attempt) else {
                return context.close(promise: nil)
            }
        } catch {
            self.reject(context: context)
        }
    }

    func channelInactive(context: ChannelHandlerContext) {
        self.link.ended(attempt: self.attempt)
        context.fireChannelInactive()
    }

    func errorCaught(context: ChannelHandlerContext, error: any Error) {
        context.close(promise: nil)
    }

    private func reject(context: ChannelHandlerContext) {
        self.link.reject(.badAnswer, attempt: self.attempt)
        context.close(promise: nil)
    }
}
