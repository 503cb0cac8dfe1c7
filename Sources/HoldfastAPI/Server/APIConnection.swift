internal import HoldfastCore
internal import NIOCore
internal import NIOHTTP1

/// One connection: takes requests one after another and answers each.
///
///      ┌─────────────── answered, kept open ────────────────┐
///      ▼                                                    │
///     idle ──head──▶ receiving ──end──▶ answering ──────────┤
///      │                 │ too large        │ a stream      │
///      │ head refused    ▼                  ▼               │
///      └───────────▶ discarding ──end─┐  streaming ─────────┤
///                                     └─(the failure)───────┘
///
/// `closed` can follow anything. What the backend says late, twice or after the reader has gone
/// is dropped by the number of the request. HTTPServerPipelineHandler, which stands before this
/// handler, holds a second request back until the first is answered.
final class APIConnection: ChannelInboundHandler {
    typealias InboundIn = HTTPServerRequestPart
    typealias OutboundOut = HTTPServerResponsePart

    private enum Phase {
        case idle
        case receiving(APICall, body: ByteBuffer)
        /// The body is read and thrown away, so that the reader gets to read the answer.
        case discarding(APIFailure, byteCount: Int)
        case answering
        case streaming(APIStreamWriter)
        case closed
    }

    let server: APIServer
    private let peer: PeerCredentials
    private var phase = Phase.idle
    private var isKeptAlive = true
    /// Which request of this connection is being answered; counted up when its answer is out.
    private var number: UInt64 = 0
    private var context: ChannelHandlerContext?
    private var timer: Scheduled<Void>?
    /// Tells the backend that the reader of a stream has gone.
    private var cancelBackend: Cancellation?

    init(server: APIServer, peer: PeerCredentials) {
        self.server = server
        self.peer = peer
    }

    func handlerAdded(context: ChannelHandlerContext) {
        self.context = context
        self.setTimer(self.server.limits.idle) { $0.close() }
    }

    func handlerRemoved(context: ChannelHandlerContext) {
        self.end()
        self.context = nil
    }

    func channelInactive(context: ChannelHandlerContext) {
        self.end()
        context.fireChannelInactive()
    }

    func channelRead(context: ChannelHandlerContext, data: NIOAny) {
        switch Self.unwrapInboundIn(data) {
        case .head(let head): self.receive(head)
        case .body(let bytes): self.receive(bytes)
        case .end: self.receiveEnd()
        }
    }

    /// Garbage gets one answer, if nothing else is being said, and the connection ends.
    func errorCaught(context: ChannelHandlerContext, error: any Error) {
        switch error {
        case is HTTPParserError, is NIOHTTPDecoderError:
            self.server.note(.garbage)
        default:
            self.server.note(.connectionFailed)
            return self.close()
        }
        self.isKeptAlive = false
        switch self.phase {
        case .idle, .receiving, .discarding:
            self.fail(
                .badRequest(
                    "cannot read the request", why: "this is not HTTP, or its head is too long",
                    next: "send HTTP/1.1, as 'curl --unix-socket' does"))
        case .answering, .streaming, .closed:
            self.close()
        }
    }

    // MARK: - Receiving

    private func receive(_ head: HTTPRequestHead) {
        guard case .idle = self.phase, let context = self.context else { return }
        // Answers pile up for a reader that asks on without reading.
        guard context.channel.isWritable else {
            self.server.note(.slowReader)
            return self.close()
        }
        self.isKeptAlive = head.isKeepAlive
        do {
            let call = try self.admit(head)
            self.phase = .receiving(call, body: ByteBuffer())
            if head.headers["expect"].contains(where: { $0.lowercased() == "100-continue" }) {
                self.write(.head(HTTPResponseHead(version: head.version, status: .continue)))
                context.flush()
            }
        } catch {
            self.phase = .discarding(error, byteCount: 0)
        }
    }

    private func admit(_ head: HTTPRequestHead) throws(APIFailure) -> APICall {
        let call = try APICall.read(
            method: head.method.rawValue, target: head.uri, limits: self.server.limits)
        let isPermitted =
            call.changesThings
            ? self.server.access.mayChange(self.peer) : self.server.access.mayLook(self.peer)
        guard isPermitted else {
            self.server.note(.notPermitted)
            throw APIFailure(
                status: 403, what: "cannot do that here",
                why: "user \(self.peer.userID) may "
                    + (call.changesThings ? "look but not change things" : "not look"),
                next: "ask as root, as the agent's own user or as a member of its group",
                exit: .notPermitted)
        }
        guard case .key(let key, var question) = call, question.start else { return call }
        // Who may only look doesn't start anything by looking.
        question.start = self.server.access.mayChange(self.peer)
        return .key(key, question)
    }

    private func receive(_ bytes: ByteBuffer) {
        let limit = self.server.limits.bodyBytes
        switch self.phase {
        case .receiving(let call, var body):
            // Only one owner of the buffer at a time, or each part would copy the whole.
            self.phase = .closed
            guard body.readableBytes + bytes.readableBytes <= limit,
                self.server.reserve(bytes.readableBytes)
            else {
                self.server.release(body.readableBytes)
                self.phase = .discarding(self.tooLarge(), byteCount: body.readableBytes)
                return self.receive(bytes)
            }
            body.writeImmutableBuffer(bytes)
            self.phase = .receiving(call, body: body)
        case .discarding(let failure, let count):
            self.phase = .discarding(failure, byteCount: count + bytes.readableBytes)
            guard count + bytes.readableBytes <= limit else {
                self.isKeptAlive = false
                return self.fail(failure)
            }
        case .idle, .answering, .streaming, .closed:
            break
        }
    }

    private func tooLarge() -> APIFailure {
        self.server.note(.bodyTooLarge)
        return .badRequest(
            "cannot take this request",
            why: "its body is larger than \(self.server.limits.bodyBytes) bytes, "
                + "or the agent is reading too many at once",
            next: "send less at a time", status: 413)
    }

    private func receiveEnd() {
        switch self.phase {
        case .receiving(let call, let body):
            self.phase = .answering
            self.server.release(body.readableBytes)
            let limit = self.server.limits.answerWithin + (call.wait ?? .zero)
            self.setTimer(limit) { $0.noAnswer(to: call) }
            APIDispatch(connection: self, number: self.number).perform(call, body)
        case .discarding(let failure, _):
            self.fail(failure)
        case .idle, .answering, .streaming, .closed:
            break
        }
    }

    // MARK: - Answering

    /// Answers request `number`; does nothing if that was answered or its reader has gone.
    func answer(_ number: UInt64, status: Int, _ bytes: [UInt8], type: String) {
        guard number == self.number, case .answering = self.phase else { return }
        self.answer(status: status, bytes, type: type)
    }

    /// Begins a stream as the answer to request `number`.
    func beginStream(_ number: UInt64, type: String) {
        guard number == self.number, case .answering = self.phase else { return }
        self.timer?.cancel()
        var headers = HTTPHeaders([("content-type", type), ("cache-control", "no-store")])
        if !self.isKeptAlive { headers.add(name: "connection", value: "close") }
        self.write(
            .head(HTTPResponseHead(version: .http1_1, status: .ok, headers: headers)))
        self.context?.flush()
        self.phase = .streaming(APIStreamWriter(limit: self.server.limits.unreadStreamBytes))
    }

    /// Sends a part of the stream; drops a reader that lets too much pile up.
    func send(_ number: UInt64, _ bytes: [UInt8]) {
        guard number == self.number, case .streaming(let writer) = self.phase,
            let context = self.context, !bytes.isEmpty
        else { return }
        guard writer.reserve(bytes.count) else {
            self.server.note(.slowReader)
            return self.close()
        }
        let part = HTTPServerResponsePart.body(.byteBuffer(ByteBuffer(bytes: bytes)))
        context.writeAndFlush(Self.wrapOutboundOut(part)).assumeIsolated().whenComplete { _ in
            writer.release(bytes.count)
        }
    }

    /// Ends the stream; cut short, the reader sees that its end is missing.
    func endStream(_ number: UInt64, isCutShort: Bool) {
        guard number == self.number, case .streaming = self.phase else { return }
        guard !isCutShort else { return self.close() }
        self.writeEnd()
    }

    /// What is to be done when the stream's reader goes away.
    func onReaderGone(_ number: UInt64, _ cancel: @escaping Cancellation) {
        guard number == self.number else { return cancel() }
        switch self.phase {
        case .answering, .streaming: self.cancelBackend = cancel
        case .idle, .receiving, .discarding, .closed: cancel()
        }
    }

    private func fail(_ failure: APIFailure) {
        let bytes = (try? JSONText.encode(failure.document)) ?? []
        self.answer(status: failure.status, bytes, type: APIDispatch.json)
    }

    private func answer(status: Int, _ bytes: [UInt8], type: String) {
        var headers = HTTPHeaders([
            ("content-type", type), ("content-length", String(bytes.count)),
        ])
        if !self.isKeptAlive { headers.add(name: "connection", value: "close") }
        let status = HTTPResponseStatus(statusCode: status)
        self.write(.head(HTTPResponseHead(version: .http1_1, status: status, headers: headers)))
        self.write(.body(.byteBuffer(ByteBuffer(bytes: bytes))))
        self.writeEnd()
    }

    /// Ends an answer.
    ///
    /// The phase changes first: the write itself may bring in the next request.
    private func writeEnd() {
        guard let context = self.context else { return }
        self.number += 1
        self.cancelBackend = nil
        let isLast = !self.isKeptAlive
        self.phase = isLast ? .closed : .idle
        self.setTimer(self.server.limits.idle) { $0.close() }
        let written = context.writeAndFlush(Self.wrapOutboundOut(.end(nil)))
        guard isLast else { return }
        written.assumeIsolated().whenComplete { _ in self.close() }
    }

    private func noAnswer(to call: APICall) {
        self.server.note(.noAnswer)
        self.isKeptAlive = false
        let what = "cannot say what became of the request"
        let why = "the agent did not answer in time"
        guard case .answering = self.phase else { return }
        self.cancelBackend?()
        self.fail(
            call.changesThings
                ? .outcomeUnknown(what, why: why)
                : APIFailure(
                    status: 504, what: "cannot answer", why: why, next: "try again",
                    exit: .unavailable))
    }

    // MARK: - The channel

    private func write(_ part: HTTPServerResponsePart) {
        guard let context = self.context else { return }
        context.write(Self.wrapOutboundOut(part), promise: nil)
    }

    private func close() {
        self.end()
        self.context?.close(promise: nil)
    }

    /// Forgets whatever was going on; safe to call again.
    private func end() {
        if case .receiving(_, let body) = self.phase { self.server.release(body.readableBytes) }
        self.phase = .closed
        self.timer?.cancel()
        self.timer = nil
        let cancel = self.cancelBackend
        self.cancelBackend = nil
        cancel?()
    }

    private func setTimer(_ span: Duration, _ action: @escaping (APIConnection) -> Void) {
        self.timer?.cancel()
        self.timer = self.server.loop.assumeIsolated().scheduleTask(in: TimeAmount(span)) {
            action(self)
        }
    }
}
