import HoldfastCore

/// Verbs of reports; the numbers are the format.
enum ReportVerb: UInt8 {
    case hello = 1
    case adopted = 2
    case renewed = 3
    case launched = 4
    case refused = 5
    case launchFailed = 6
    case exited = 7
    case burned = 8
    case retired = 9
    case fenced = 10
    case ending = 11
    /// More runs of a hello that does not fit one frame.
    case helloRuns = 12
}

extension GuardFrame {
    /// One frame, or for a hello with very many runs as many as it takes.
    ///
    /// `GuardReportDecoder` puts them together again.
    package static func encode(_ report: GuardReport) throws(GuardFrameError) -> [[UInt8]] {
        switch report {
        case .hello(let hello): return try Self.encode(hello)
        case .adopted(let epoch): return [try Self.frame(.adopted, epoch)]
        case .renewed(let epoch, let sequence, let isFenced):
            var writer = Self.begin(ReportVerb.renewed.rawValue)
            writer.integer(epoch)
            writer.integer(sequence)
            writer.flag(isFenced)
            return [try writer.finished()]
        case .launched(let name, let processID):
            return [try Self.frame(.launched, name) { writer in writer.integer(processID) }]
        case .refused(let name, let reason):
            return [try Self.frame(.refused, name) { writer in writer.integer(reason.rawValue) }]
        case .launchFailed(let name, let step, let errorNumber):
            return [
                try Self.frame(.launchFailed, name) { writer in
                    writer.integer(step.rawValue)
                    writer.integer(errorNumber)
                }
            ]
        case .exited(let name, let end):
            var writer = Self.begin(ReportVerb.exited.rawValue)
            try writer.runName(name)
            try writer.end(end)
            return [try writer.finished()]
        case .burned(let name): return [try Self.frame(.burned, name) { _ in }]
        case .retired(let epoch): return [try Self.frame(.retired, epoch)]
        case .fenced(let epoch): return [try Self.frame(.fenced, epoch)]
        case .ending: return [try Self.begin(ReportVerb.ending.rawValue).finished()]
        }
    }

    private static func frame(
        _ verb: ReportVerb, _ epoch: Epoch
    ) throws(GuardFrameError) -> [UInt8] {
        var writer = Self.begin(verb.rawValue)
        writer.integer(epoch)
        return try writer.finished()
    }

    private static func frame(
        _ verb: ReportVerb, _ name: RunName, _ rest: (inout ByteWriter) -> Void
    ) throws(GuardFrameError) -> [UInt8] {
        var writer = Self.begin(verb.rawValue)
        try writer.runName(name)
        rest(&writer)
        return try writer.finished()
    }

    private static func encode(_ hello: GuardHello) throws(GuardFrameError) -> [[UInt8]] {
        guard hello.runs.count <= Limits.runCount else { throw .tooLong(.runs) }
        var writer = Self.begin(ReportVerb.hello.rawValue)
        writer.integer(hello.agentNumber)
        writer.integer(hello.incarnation)
        writer.integer(hello.containment.rawValue)
        writer.flag(hello.session != nil)
        if let session = hello.session { try writer.session(session) }
        writer.flag(hello.isFenced)
        writer.flag(hello.isEnding)
        writer.integer(hello.retiredThrough)
        writer.integer(UInt32(hello.runs.count))
        var frames: [[UInt8]] = []
        for run in hello.runs {
            // A run takes 4 + 255 + 8 + 4 bytes at most.
            if writer.bytes.count + Limits.keyBytes + 16 > Limits.guardFrameBytes {
                frames.append(try writer.finished())
                writer = Self.begin(ReportVerb.helloRuns.rawValue)
            }
            try writer.runName(run.name)
            writer.integer(run.processID)
        }
        return frames + [try writer.finished()]
    }
}

extension ByteWriter {
    mutating func end(_ end: RunEnd) throws(GuardFrameError) {
        switch end.status {
        case .exited(let code):
            self.integer(UInt8(1))
            self.integer(code)
        case .signalled(let signal, let dumpedCore):
            self.integer(UInt8(2))
            self.integer(signal)
            self.flag(dumpedCore)
        }
        self.integer(end.cause.rawValue)
        try self.span(end.ran)
    }
}

extension ByteReader {
    mutating func end() throws(GuardFrameError) -> RunEnd {
        let status: RunEnd.Status
        switch try self.byte() {
        case 1: status = .exited(code: try self.byte())
        case 2: status = .signalled(try self.byte(), dumpedCore: try self.flag())
        default: throw .invalid(.status)
        }
        return RunEnd(status: status, cause: try self.value(.cause), ran: try self.span())
    }
}
