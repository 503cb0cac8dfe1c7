internal import NIOCore
internal import NIOHTTP1

/// What came back: the whole answer, or for a stream that was taken elsewhere its status alone.
struct APIReply: Sendable {
    var status: Int
    var body: [UInt8]
}

/// Sends one request as soon as it is connected, and collects or gives away the answer.
final class APIClientHandler: ChannelInboundHandler {
    typealias InboundIn = HTTPClientResponsePart
    typealias OutboundOut = HTTPClientRequestPart

    private let request: APIRequest
    private let stream: (@Sendable ([UInt8]) throws -> Void)?
    private let promise: EventLoopPromise<APIReply>
    private var status = 0
    private var body = ByteBuffer()
    private var timer: Scheduled<Void>?
    private var isOver = false

    init(
        _ request: APIRequest, stream: (@Sendable ([UInt8]) throws -> Void)?,
        promise: EventLoopPromise<APIReply>
    ) {
        self.request = request
        self.stream = stream
        self.promise = promise
    }

    func channelActive(context: ChannelHandlerContext) {
        var headers = HTTPHeaders([("host", "holdfast"), ("connection", "close")])
        let body = self.request.body ?? []
        if self.request.method != "GET" {
            headers.add(name: "content-type", value: "application/json")
            headers.add(name: "content-length", value: String(body.count))
        }
        let head = HTTPRequestHead(
            version: .http1_1, method: HTTPMethod(rawValue: self.request.method),
            uri: self.request.target, headers: headers)
        context.write(Self.wrapOutboundOut(.head(head)), promise: nil)
        if !body.isEmpty {
            context.write(
                Self.wrapOutboundOut(.body(.byteBuffer(ByteBuffer(bytes: body)))), promise: nil)
        }
        context.writeAndFlush(Self.wrapOutboundOut(.end(nil)), promise: nil)
        let limit = self.request.limit
        self.timer = context.eventLoop.assumeIsolated().scheduleTask(in: TimeAmount(limit)) {
            self.finish(.failure(TransportFailure.late(limit)), context)
        }
    }

    func channelRead(context: ChannelHandlerContext, data: NIOAny) {
        guard !self.isOver else { return }
        switch Self.unwrapInboundIn(data) {
        case .head(let head):
            self.status = Int(head.status.code)
            if self.isStreaming { self.timer?.cancel() }
        case .body(let bytes):
            self.receive(bytes, context)
        case .end:
            let reply = APIReply(status: self.status, body: Array(self.body.readableBytesView))
            self.finish(.success(reply), context)
        }
    }

    func errorCaught(context: ChannelHandlerContext, error: any Error) {
        let failure: TransportFailure =
            switch error {
            case HTTPParserError.invalidEOFState: .cutShort
            case is HTTPParserError: .garbled("it is not HTTP")
            default: .broken("\(error)")
            }
        self.finish(.failure(failure), context)
    }

    func channelInactive(context: ChannelHandlerContext) {
        self.finish(.failure(TransportFailure.cutShort), context)
        context.fireChannelInactive()
    }

    private var isStreaming: Bool { self.stream != nil && self.status == 200 }

    private func receive(_ bytes: ByteBuffer, _ context: ChannelHandlerContext) {
        guard !self.isStreaming else {
            do {
                try self.stream?(Array(bytes.readableBytesView))
            } catch {
                self.finish(.failure(error), context)
            }
            return
        }
        guard self.body.readableBytes + bytes.readableBytes <= APIClient.answerBytes else {
            return self.finish(.failure(TransportFailure.tooLarge), context)
        }
        self.body.writeImmutableBuffer(bytes)
    }

    private func finish(_ result: Result<APIReply, any Error>, _ context: ChannelHandlerContext) {
        guard !self.isOver else { return }
        self.isOver = true
        self.timer?.cancel()
        self.promise.completeWith(result)
        context.close(promise: nil)
    }
}
