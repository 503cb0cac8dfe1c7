import HoldfastCore

/// Reads the reports of one connection in order.
///
/// It remembers only a hello of which parts are still missing.
package struct GuardReportDecoder: Equatable, Sendable {
    /// A hello and how many runs it still lacks; at least 1.
    private struct Partial: Equatable, Sendable {
        var hello: GuardHello
        var missing: Int
    }

    private var partial: Partial?

    package init() {}

    /// - Returns: The report that this frame completes; `nil` when a further frame belongs to it.
    /// - Throws: `GuardFrameError`; the connection is of no use afterwards.
    package mutating func receive(_ bytes: [UInt8]) throws(GuardFrameError) -> GuardReport? {
        var (number, reader) = try GuardFrame.open(bytes)
        guard let verb = ReportVerb(rawValue: number) else { throw .unknownVerb(number) }
        guard (self.partial != nil) == (verb == .helloRuns) else { throw .outOfOrder }
        let report: GuardReport?
        switch verb {
        case .hello: report = try self.beginHello(&reader)
        case .helloRuns: report = try self.continueHello(&reader)
        case .adopted: report = .adopted(epoch: try reader.integer())
        case .renewed:
            report = .renewed(
                epoch: try reader.integer(), sequence: try reader.integer(),
                isFenced: try reader.flag())
        case .launched:
            report = .launched(try reader.runName(), processID: try reader.integer())
        case .refused: report = .refused(try reader.runName(), try reader.value(.reason))
        case .launchFailed:
            report = .launchFailed(
                try reader.runName(), step: try reader.value(.step),
                errorNumber: try reader.integer())
        case .exited: report = .exited(try reader.runName(), try reader.end())
        case .burned: report = .burned(try reader.runName())
        case .retired: report = .retired(epoch: try reader.integer())
        case .fenced: report = .fenced(epoch: try reader.integer())
        case .ending: report = .ending
        }
        try reader.finish()
        return report
    }

    private mutating func beginHello(
        _ reader: inout ByteReader
    ) throws(GuardFrameError) -> GuardReport? {
        let hello = GuardHello(
            agentNumber: try reader.integer(), incarnation: try reader.integer(),
            containment: try reader.value(.containment),
            session: try reader.flag() ? try reader.session() : nil,
            isFenced: try reader.flag(), isEnding: try reader.flag(),
            retiredThrough: try reader.integer(), runs: [])
        let count = Int(try reader.integer(UInt32.self))
        guard count <= Limits.runCount else { throw .tooLong(.runs) }
        return try self.takeRuns(Partial(hello: hello, missing: count), &reader)
    }

    private mutating func continueHello(
        _ reader: inout ByteReader
    ) throws(GuardFrameError) -> GuardReport? {
        guard let partial = self.partial else { throw .outOfOrder }
        return try self.takeRuns(partial, &reader)
    }

    private mutating func takeRuns(
        _ begun: Partial, _ reader: inout ByteReader
    ) throws(GuardFrameError) -> GuardReport? {
        var partial = begun
        while partial.missing > 0, reader.remaining > 0 {
            let name = try reader.runName()
            partial.hello.runs.append(LiveRun(name: name, processID: try reader.integer()))
            partial.missing -= 1
        }
        guard partial.missing > 0 else {
            self.partial = nil
            return .hello(partial.hello)
        }
        self.partial = partial
        return nil
    }
}
