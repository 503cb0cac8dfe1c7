package import HoldfastCore

/// A change of the record of a key: the f of P1, as a value that can be sent and repeated.
package enum KeyChange: Hashable, Sendable {
    /// Declares a job, or a new version of it; the same spec again changes nothing.
    case declare(JobSpec, request: Nonce)
    /// Declares a job by `run` and wants it started; refused while it already runs.
    case run(JobSpec, request: Nonce)
    /// Forgets the job; its process, if any, is stopped by its host.
    case remove(request: Nonce)
    case start(request: Nonce)
    case stop(request: Nonce)
    /// Stops what runs, by its host, and starts it anew without delay.
    case restart(request: Nonce)
    /// Takes the key, if it is to run and nobody has it or its holder's session is closed (C1).
    case claim(session: SessionID, nonce: Nonce, at: WallTime)
    /// The holder launched it.
    case started(nonce: Nonce, processID: Int32, at: WallTime)
    /// The holding is over: nothing of it runs, and its token is burned (C8).
    case vacate(nonce: Nonce, Vacancy)
    /// Records the end of a holding whose session is closed and which nobody shall follow.
    case reap(at: WallTime)

    /// What the holder knows when it vacates.
    package struct Vacancy: Hashable, Sendable {
        package var how: Ending.How
        package var cause: Ending.Cause
        package var at: WallTime
        package var ran: Duration

        package init(how: Ending.How, cause: Ending.Cause, at: WallTime, ran: Duration) {
            self.how = how
            self.cause = cause
            self.at = at
            self.ran = ran
        }
    }

    package enum Result: Hashable, Sendable {
        case write(KeyRecord)
        /// Nothing to write: the record says already what was asked for, or refuses it.
        case keep(Refusal)
        /// The record has a token as high as the ballot: ask again with a higher one (P12).
        case needsCounter(above: UInt64)
    }

    package enum Refusal: UInt8, Hashable, Sendable, CaseIterable {
        /// The record is already as asked.
        case already = 1
        case unknownKey = 2
        /// Another session has it, or is not known to be closed.
        case held = 3
        /// Nobody wants it to run.
        case notWanted = 4
        /// `run`: it runs already.
        case running = 5
    }

    /// Applies the change to the record that a ballot found.
    ///
    /// - Parameters:
    ///   - record: What is there; `nil` for nothing.
    ///   - counter: The counter of the ballot that would write the result.
    ///   - isClosed: Whether the session is chosen closed, for certain (C1).
    /// - Returns: The record to propose, or why there is none.
    package func apply(
        to record: KeyRecord?, counter: UInt64, isClosed: (SessionID) -> Bool
    ) -> Result {
        var next = record ?? KeyRecord()
        switch self {
        case .declare(let spec, let request):
            return Self.declare(spec, request, isTransient: false, &next)
        case .run(let spec, let request):
            if next.isRunWanted, next.holder != nil { return .keep(.running) }
            if next.isRunWanted, next.delay == .zero, next.job?.isTransient == true,
                next.job?.spec == spec
            {
                return .keep(.already)
            }
            return Self.declare(spec, request, isTransient: true, &next)
        case .remove(let request):
            guard next.job != nil else { return .keep(.unknownKey) }
            next.job = nil
            Self.forgetFailures(&next)
            next.lastRequest = request
            return .write(next)
        case .start(let request):
            guard var job = next.job else { return .keep(.unknownKey) }
            guard !next.isRunWanted || (next.holder == nil && next.delay > .zero) else {
                return .keep(.already)
            }
            job.isWanted = true
            return Self.write(job, request, &next)
        case .stop(let request):
            guard var job = next.job else { return .keep(.unknownKey) }
            guard job.isWanted else { return .keep(.already) }
            job.isWanted = false
            return Self.write(job, request, &next)
        case .restart(let request):
            guard var job = next.job else { return .keep(.unknownKey) }
            job.isWanted = true
            job.generation += 1
            return Self.write(job, request, &next)
        case .claim(let session, let nonce, let now):
            return Self.claim(session, nonce, now, &next, counter, isClosed)
        case .started(let nonce, let processID, let now):
            guard next.holder?.nonce == nonce, next.holder?.phase == .starting else {
                return .keep(.already)
            }
            next.holder?.phase = .running(processID: processID)
            next.holder?.since = now
            return .write(next)
        case .vacate(let nonce, let vacancy):
            guard let holder = next.holder, holder.nonce == nonce else { return .keep(.already) }
            next.end(holder, vacancy)
            return .write(next)
        case .reap(let now):
            guard let holder = next.holder else { return .keep(.already) }
            guard isClosed(holder.session) else { return .keep(.held) }
            next.lose(holder, at: now)
            return .write(next)
        }
    }

    /// Whether a record shows that this very change was applied before (P9).
    package func isApplied(in record: KeyRecord?) -> Bool {
        guard let record else { return false }
        switch self {
        case .declare(_, let request), .run(_, let request), .remove(let request),
            .start(let request), .stop(let request), .restart(let request):
            return record.lastRequest == request
        case .claim(_, let nonce, _):
            return record.holder?.nonce == nonce
        case .started(let nonce, let processID, _):
            return record.holder?.nonce == nonce
                && record.holder?.phase == .running(processID: processID)
        case .vacate, .reap:
            return false
        }
    }

    /// Whether applying it twice does no harm, so that a retry need not answer `unknown` (P9).
    ///
    /// A claim's tokens rise; the others are conditional on the nonce of one holding.
    package var mayRepeat: Bool {
        switch self {
        case .claim, .started, .vacate, .reap: true
        case .declare, .run, .remove, .start, .stop, .restart: false
        }
    }

    private static func declare(
        _ spec: JobSpec, _ request: Nonce, isTransient: Bool, _ next: inout KeyRecord
    ) -> Result {
        if let job = next.job, job.spec == spec, job.isTransient == isTransient, !isTransient {
            return .keep(.already)
        }
        let isSame = next.job?.spec == spec
        let isWanted =
            isTransient
            || (next.job?.isTransient == false ? next.job?.isWanted : nil)
                ?? (spec.start == .automatic)
        // Counted on from a holding that outlives its declaration, so that it is seen to be old.
        let generation = next.job?.generation ?? next.holder?.generation ?? 0
        next.job = Declaration(
            spec: spec, generation: generation + (isSame ? 0 : 1), isWanted: isWanted,
            isTransient: isTransient)
        Self.forgetFailures(&next)
        next.lastRequest = request
        return .write(next)
    }

    private static func write(
        _ job: Declaration, _ request: Nonce, _ next: inout KeyRecord
    ) -> Result {
        next.job = job
        Self.forgetFailures(&next)
        next.lastRequest = request
        return .write(next)
    }

    private static func forgetFailures(_ next: inout KeyRecord) {
        next.restarts = 0
        next.delay = .zero
        next.recentEnds = []
        next.rest = .none
    }

    private static func claim(
        _ session: SessionID, _ nonce: Nonce, _ now: WallTime, _ next: inout KeyRecord,
        _ counter: UInt64, _ isClosed: (SessionID) -> Bool
    ) -> Result {
        guard let job = next.job, next.isRunWanted else { return .keep(.notWanted) }
        // C1: only a holder that is known to be over gives way.
        if let holder = next.holder, !isClosed(holder.session) { return .keep(.held) }
        // A claim by a session that is itself over would be launched by nobody.
        if isClosed(session) { return .keep(.held) }
        if let holder = next.holder {
            next.lose(holder, at: now)
            guard next.isRunWanted else { return .write(next) }
        }
        // P12: strictly greater than every token before it.
        guard counter > next.token else { return .needsCounter(above: next.token) }
        next.token = counter
        next.holder = Holder(
            session: session, nonce: nonce, phase: .starting, generation: job.generation,
            since: now)
        return .write(next)
    }
}
