internal import HoldfastAPI
internal import HoldfastCore

/// Where a key runs, as commands print it: `HOST PID`.
enum Place {
    /// Prints the place, unless `quiet` because the document was printed already.
    ///
    /// - Throws: `CommandFailure` with the state and its exit status, if it doesn't run.
    static func show(_ document: KeyDocument, quiet: Bool = false) throws(CommandFailure) {
        guard document.state == .running, let host = document.host, let pid = document.pid else {
            throw Self.notRunning(document)
        }
        if !quiet { Output.line("\(Printable.shellWord(host)) \(pid)") }
    }

    /// Prints the place, or that the job is done: for a command that has just started it.
    static func showOutcome(_ document: KeyDocument, quiet: Bool) throws(CommandFailure) {
        guard document.state == .finished, let last = document.last else {
            return try Self.show(document, quiet: quiet)
        }
        if !quiet {
            Output.line("\(Printable.shellWord(document.key)) has finished: \(Words.ending(last))")
        }
    }

    private static func notRunning(_ document: KeyDocument) -> CommandFailure {
        let key = Printable.shellWord(document.key)
        return CommandFailure(
            what: "'\(document.key)' is not running", why: Self.why(document),
            next: Self.next(document.state, key),
            exitStatus: document.state == .unknown ? .unavailable : .notRunning)
    }

    private static func why(_ document: KeyDocument) -> String {
        var why = "it is \(document.state.rawValue)"
        if let host = document.host { why += " on \(host)" }
        if let reason = document.reason { why += ": \(reason)" }
        if document.state != .stopped, let last = document.last {
            why += "; its last run \(Words.ending(last))"
        }
        if let span = document.nextAttemptIn { why += "; next attempt in \(Words.span(span))" }
        return why
    }

    private static func next(_ state: KeyDocument.State, _ key: String) -> String {
        switch state {
        case .unknown: "wait for a quorum, or look at 'holdfast status'"
        case .stopped, .finished: "start it with 'holdfast start \(key)'"
        case .failed: "see 'holdfast logs \(key)', then 'holdfast start \(key)'"
        case .waiting: "wait for it with --wait, or see 'holdfast logs \(key)'"
        case .starting, .running, .stopping: "try again, or wait for it with --wait"
        case .paused: "wait: it resumes by itself; see 'holdfast status'"
        }
    }
}
