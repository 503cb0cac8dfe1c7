package import HoldfastCore

/// Why the API could not do what was asked: an HTTP status and the document that goes with it.
package struct APIFailure: OperatorFacing, Hashable {
    /// 400 to 599.
    package var status: Int
    package var document: ErrorDocument

    package init(status: Int, document: ErrorDocument) {
        self.status = status
        self.document = document
    }

    package init(
        status: Int, what: String, why: String, next: String, exit: ExitStatusCode
    ) {
        self.init(
            status: status,
            document: ErrorDocument(what: what, why: why, next: next, exit: exit.rawValue))
    }

    package var what: String { self.document.what }
    package var why: String { self.document.why }
    package var next: String { self.document.next }
    package var exitStatus: ExitStatusCode {
        ExitStatusCode(rawValue: self.document.exit) ?? .software
    }
}

extension APIFailure {
    package static func unknownKey(_ key: Key) -> APIFailure {
        APIFailure(
            status: 404, what: "cannot find '\(key)'", why: "nobody declared this key",
            next: "see 'holdfast ps' for the keys there are, or declare it with 'holdfast apply'",
            exit: .unknownKey)
    }

    package static func noQuorum(_ what: String, have: Int, of total: Int) -> APIFailure {
        APIFailure(
            status: 503, what: what, why: "no quorum: \(have) of \(total) hosts answer",
            next: "bring hosts back or wait; nothing was changed", exit: .unavailable)
    }

    package static func outcomeUnknown(_ what: String, why: String) -> APIFailure {
        APIFailure(
            status: 504, what: what, why: why,
            next: "look with 'holdfast ps' before trying again: it may have been done",
            exit: .temporary)
    }

    /// The request is wrong, and will be wrong again.
    package static func badRequest(
        _ what: String, why: String, next: String, status: Int = 400
    ) -> APIFailure {
        APIFailure(status: status, what: what, why: why, next: next, exit: .badData)
    }
}
