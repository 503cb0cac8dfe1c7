import HoldfastCore
import HoldfastGuardCore
import Testing

@Suite("Frames between agent and guard")
struct GuardFrameTests {
    @Test("a request comes back as it went", arguments: Samples.requests)
    func requestRoundTrip(_ request: GuardRequest) throws {
        #expect(try GuardFrame.decodeRequest(GuardFrame.encode(request)) == request)
    }

    @Test("a report comes back as it went", arguments: Samples.reports)
    func reportRoundTrip(_ report: GuardReport) throws {
        let frames = try GuardFrame.encode(report)
        var decoder = GuardReportDecoder()
        #expect(frames.count == 1)
        #expect(try decoder.receive(frames[0]) == report)
    }

    @Test("the layout is what other releases read")
    func layout() throws {
        #expect(
            try GuardFrame.encode(.burn(RunName(key: "k", token: 0x0102)))
                == [1, 5, 1, 0, 0, 0, UInt8(ascii: "k"), 2, 1, 0, 0, 0, 0, 0, 0])
    }

    @Test("a hello with as many runs as there can be arrives whole, in frames within the limit")
    func largestHello() throws {
        let runs = (0..<Limits.runCount).map { index in
            let digits = String(index)
            let key = String(repeating: "k", count: Limits.keyBytes - digits.count) + digits
            return LiveRun(name: RunName(key: key, token: .max), processID: Int32(index))
        }
        let report = GuardReport.hello(Samples.hello(runs: runs))
        let frames = try GuardFrame.encode(report)
        #expect(frames.count > 1)
        #expect(frames.allSatisfy { frame in frame.count <= Limits.guardFrameBytes })
        var decoder = GuardReportDecoder()
        var received: [GuardReport] = []
        for frame in frames {
            if let report = try decoder.receive(frame) { received.append(report) }
        }
        #expect(received == [report])
    }

    @Test("parts of a hello out of their order are refused")
    func outOfOrder() throws {
        let runs = (0..<9000).map { index in
            LiveRun(name: RunName(key: "key-\(index)", token: 1), processID: 1)
        }
        let frames = try GuardFrame.encode(.hello(Samples.hello(runs: runs)))
        try #require(frames.count > 1)
        var fresh = GuardReportDecoder()
        #expect(throws: GuardFrameError.outOfOrder) { try fresh.receive(frames[1]) }
        var begun = GuardReportDecoder()
        #expect(try begun.receive(frames[0]) == nil)
        #expect(throws: GuardFrameError.outOfOrder) {
            try begun.receive(GuardFrame.encode(.ending)[0])
        }
    }

    @Test("a frame cut anywhere is refused", arguments: Samples.requests)
    func truncation(_ request: GuardRequest) throws {
        let frame = try GuardFrame.encode(request)
        for count in 0..<frame.count {
            #expect(throws: GuardFrameError.self, "cut to \(count)") {
                try GuardFrame.decodeRequest(Array(frame[..<count]))
            }
        }
    }

    @Test("a report cut anywhere is refused or waits for the rest", arguments: Samples.reports)
    func reportTruncation(_ report: GuardReport) throws {
        let frame = try GuardFrame.encode(report)[0]
        for count in 0..<frame.count {
            var decoder = GuardReportDecoder()
            let decoded = try? decoder.receive(Array(frame[..<count]))
            #expect(decoded == nil, "cut to \(count)")
        }
    }

    @Test("a byte too many is refused", arguments: Samples.requests)
    func trailing(_ request: GuardRequest) throws {
        #expect(throws: GuardFrameError.trailingBytes(1)) {
            try GuardFrame.decodeRequest(GuardFrame.encode(request) + [0])
        }
    }

    @Test("an unknown version or verb is refused by its number")
    func unknown() {
        #expect(throws: GuardFrameError.unknownVersion(2)) { try GuardFrame.decodeRequest([2, 1]) }
        #expect(throws: GuardFrameError.unknownVerb(99)) { try GuardFrame.decodeRequest([1, 99]) }
        var decoder = GuardReportDecoder()
        #expect(throws: GuardFrameError.unknownVerb(0)) { try decoder.receive([1, 0]) }
    }

    @Test("more than a frame may have is refused unread")
    func oversize() {
        let bytes = [UInt8](repeating: 1, count: Limits.guardFrameBytes + 1)
        #expect(throws: GuardFrameError.tooLong(.frame)) { try GuardFrame.decodeRequest(bytes) }
    }

    /// What an order must not be, and how it is refused before it is sent.
    struct Bad: CustomTestStringConvertible {
        let testDescription: String
        let error: GuardFrameError
        let spoil: @Sendable (inout LaunchOrder) -> Void
    }

    static let bad = [
        Bad(testDescription: "no key", error: .invalid(.key)) { order in order.name.key = "" },
        Bad(testDescription: "a key too long", error: .invalid(.key)) { order in
            order.name.key = String(repeating: "k", count: 256)
        },
        Bad(testDescription: "a NUL in an argument", error: .invalid(.arguments)) { order in
            order.arguments.append("a\0b")
        },
        Bad(testDescription: "no arguments", error: .invalid(.text)) { order in
            order.arguments = []
        },
        Bad(testDescription: "no directory", error: .invalid(.text)) { order in
            order.directory = ""
        },
        Bad(testDescription: "too many arguments", error: .tooLong(.arguments)) { order in
            order.arguments = Array(repeating: "", count: Limits.argumentCount + 1)
        },
        Bad(testDescription: "arguments too large", error: .tooLong(.arguments)) { order in
            order.arguments = [String(repeating: "x", count: Limits.commandBytes)]
        },
        Bad(testDescription: "command too large together", error: .tooLong(.environment)) {
            order in
            order.arguments = [String(repeating: "x", count: Limits.commandBytes / 2)]
            order.environment = [String(repeating: "y", count: Limits.commandBytes / 2)]
        },
        Bad(testDescription: "too many groups", error: .tooLong(.groups)) { order in
            order.supplementaryGroups = Array(repeating: 1, count: Limits.groupCount + 1)
        },
        Bad(testDescription: "the user -1, which means no change", error: .invalid(.text)) {
            order in order.userID = .max
        },
        Bad(testDescription: "the signal 0", error: .invalid(.signal)) { order in
            order.stopSignal = 0
        },
        Bad(testDescription: "a negative grace", error: .invalid(.span)) { order in
            order.stopGrace = .seconds(-1)
        },
        Bad(testDescription: "an endless grace", error: .invalid(.span)) { order in
            order.stopGrace = .seconds(Int64.max)
        },
    ]

    @Test("a bad order is refused before it is sent", arguments: bad)
    func badOrder(_ bad: Bad) {
        var order = Samples.order()
        bad.spoil(&order)
        #expect(throws: bad.error) { try GuardFrame.encode(.launch(order)) }
    }

    @Test("the largest order allowed fits a frame")
    func largestOrder() throws {
        var order = Samples.order()
        order.arguments = [String(repeating: "x", count: Limits.commandBytes / 2 - 1)]
        order.environment = [String(repeating: "y", count: Limits.commandBytes / 2 - 1)]
        order.executable = "/" + String(repeating: "e", count: Limits.textBytes - 1)
        order.directory = "/" + String(repeating: "d", count: Limits.textBytes - 1)
        order.supplementaryGroups = Array(repeating: 7, count: Limits.groupCount)
        #expect(
            try GuardFrame.decodeRequest(GuardFrame.encode(.launch(order))) == .launch(order))
    }

    /// Goal: no bytes whatever trap the decoders, and what decodes encodes to the same bytes.
    ///
    /// Method: flip bits of good frames and make up others, from a seed that a failure shows.
    @Test("bytes of any kind are read or refused, never worse", arguments: UInt64(1)...8)
    func anyBytes(seed: UInt64) throws {
        var random = Randomness(seed: seed)
        let good =
            try Samples.requests.map { request in try GuardFrame.encode(request) }
            + Samples.reports.map { report in try GuardFrame.encode(report)[0] }
        for step in 0..<4000 {
            var frame = good[Int(random.next() % UInt64(good.count))]
            for _ in 0...(random.next() % 4) {
                frame[Int(random.next() % UInt64(frame.count))] = UInt8(
                    truncatingIfNeeded: random.next())
            }
            if step % 3 == 0 {
                let count = Int(random.next() % 80)
                frame = [1] + (0..<count).map { _ in UInt8(truncatingIfNeeded: random.next()) }
            }
            if let request = try? GuardFrame.decodeRequest(frame) {
                #expect(try GuardFrame.encode(request) == frame, "seed \(seed), step \(step)")
            }
            var decoder = GuardReportDecoder()
            if let report = try? decoder.receive(frame) {
                #expect(try GuardFrame.encode(report) == [frame], "seed \(seed), step \(step)")
            }
        }
    }
}
