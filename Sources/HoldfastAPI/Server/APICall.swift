internal import HoldfastCore

/// What a request asks for: method and target, read and checked.
///
///     GET    /v1/keys                            GET  /v1/hosts
///     GET    /v1/keys/KEY?start=&stale=&wait=    GET  /v1/status
///     DELETE /v1/keys/KEY                        GET  /v1/events?since=&follow=
///     POST   /v1/keys/KEY/start|stop|restart     GET  /v1/keys/KEY/logs?lines=&follow=
///     POST   /v1/keys/KEY/run    (body: a job)   GET  /healthz, /readyz
///     PUT    /v1/jobs            (body: jobs)
///
/// KEY is percent-encoded, spans are seconds, switches are `1` or `0`.
enum APICall: Equatable {
    case keys
    case key(Key, WhereisQuestion)
    case delete(Key)
    case start(Key, wait: Duration?)
    case stop(Key, wait: Duration?)
    case restart(Key, wait: Duration?)
    case run(Key, wait: Duration?)
    case apply
    case hosts
    case status
    case events(since: UInt64?, follow: Bool)
    case logs(Key, lines: Int, follow: Bool)
    case health
    case readiness

    static let defaultLogLines = 100

    /// Whether only those may ask who may change things.
    var changesThings: Bool {
        switch self {
        case .delete, .start, .stop, .restart, .run, .apply: true
        case .keys, .key, .hosts, .status, .events, .logs, .health, .readiness: false
        }
    }

    /// The span that the asker agreed to wait.
    var wait: Duration? {
        switch self {
        case .start(_, let wait), .stop(_, let wait), .restart(_, let wait), .run(_, let wait):
            wait
        case .key(_, let question): question.wait
        case .delete, .apply, .keys, .hosts, .status, .events, .logs, .health, .readiness: nil
        }
    }

    /// - Throws: `APIFailure` with 404 for a path that isn't there, 405 for a method that isn't
    ///   the path's, 400 for a key or a parameter that can't be.
    static func read(
        method: String, target: String, limits: APILimits
    ) throws(APIFailure) -> APICall {
        let parts = target.split(separator: "?", maxSplits: 1, omittingEmptySubsequences: false)
        let segments = parts[0].split(separator: "/", omittingEmptySubsequences: false).dropFirst()
        var query = try Query(parts.count > 1 ? parts[1] : "", limits: limits)
        let call = try Self.route(Array(segments), method, target, &query)
        try query.requireNothingLeft()
        return call
    }

    private static func route(
        _ path: [Substring], _ method: String, _ target: String, _ query: inout Query
    ) throws(APIFailure) -> APICall {
        if path == ["healthz"] || path == ["readyz"] {
            try Self.require("GET", method, target)
            return path == ["healthz"] ? .health : .readiness
        }
        guard (2...4).contains(path.count), path[0] == "v1" else { throw Self.notFound(target) }
        if path.count == 2 { return try Self.collection(path[1], method, target, &query) }
        guard path[1] == "keys" else { throw Self.notFound(target) }
        let key = try Self.key(path[2])
        guard path.count == 4 else { return try Self.one(key, method, target, &query) }
        return try Self.verb(path[3], key, method, target, &query)
    }

    private static func collection(
        _ name: Substring, _ method: String, _ target: String, _ query: inout Query
    ) throws(APIFailure) -> APICall {
        switch name {
        case "jobs":
            try Self.require("PUT", method, target)
            return .apply
        case "keys", "hosts", "status", "events":
            try Self.require("GET", method, target)
        default:
            throw Self.notFound(target)
        }
        switch name {
        case "keys": return .keys
        case "hosts": return .hosts
        case "status": return .status
        default: return .events(since: try query.index("since"), follow: try query.flag("follow"))
        }
    }

    private static func one(
        _ key: Key, _ method: String, _ target: String, _ query: inout Query
    ) throws(APIFailure) -> APICall {
        switch method {
        case "DELETE":
            return .delete(key)
        case "GET":
            let start = try query.flag("start")
            let stale = try query.flag("stale")
            let wait = try query.seconds("wait")
            return .key(key, WhereisQuestion(start: start, stale: stale, wait: wait))
        default:
            throw Self.wrongMethod("GET or DELETE", method, target)
        }
    }

    private static func verb(
        _ verb: Substring, _ key: Key, _ method: String, _ target: String, _ query: inout Query
    ) throws(APIFailure) -> APICall {
        switch verb {
        case "logs":
            try Self.require("GET", method, target)
            let lines = try query.count("lines") ?? Self.defaultLogLines
            return .logs(key, lines: lines, follow: try query.flag("follow"))
        case "start", "stop", "restart", "run":
            try Self.require("POST", method, target)
        default:
            throw Self.notFound(target)
        }
        let wait = try query.seconds("wait")
        switch verb {
        case "start": return .start(key, wait: wait)
        case "stop": return .stop(key, wait: wait)
        case "restart": return .restart(key, wait: wait)
        default: return .run(key, wait: wait)
        }
    }

    private static func key(_ segment: Substring) throws(APIFailure) -> Key {
        guard let text = PercentEncoding.decode(segment) else {
            throw .badRequest(
                "cannot read the key '\(segment)'", why: "its percent-encoding is not right",
                next: "encode the key as UTF-8, each odd byte as % and two digits")
        }
        do {
            return try Key(text)
        } catch {
            throw .badRequest(
                "cannot take this key", why: error.reason, next: "choose another key")
        }
    }

    private static func require(
        _ allowed: String, _ method: String, _ target: String
    ) throws(APIFailure) {
        guard method == allowed else { throw Self.wrongMethod(allowed, method, target) }
    }

    private static func wrongMethod(
        _ allowed: String, _ method: String, _ target: String
    ) -> APIFailure {
        .badRequest(
            "cannot \(method) \(Self.shortened(target))", why: "this path takes \(allowed)",
            next: "use \(allowed)", status: 405)
    }

    private static func notFound(_ target: String) -> APIFailure {
        .badRequest(
            "cannot find \(Self.shortened(target))", why: "this version has no such path",
            next: "see the README for the paths there are", status: 404)
    }

    private static func shortened(_ target: String) -> String {
        target.utf8.count <= 200 ? target : target.prefix(200) + "…"
    }
}
