/// The parameters of a target, each to be taken once; what is left over is a mistake.
struct Query {
    private static let parameterCount = 16

    private var values: [String: String] = [:]
    private let limits: APILimits

    init(_ text: Substring, limits: APILimits) throws(APIFailure) {
        self.limits = limits
        let fields = text.split(separator: "&")
        guard fields.count <= Self.parameterCount else {
            throw Self.mistake("there are more than \(Self.parameterCount) parameters")
        }
        for field in fields {
            let parts = field.split(separator: "=", maxSplits: 1, omittingEmptySubsequences: false)
            guard let name = PercentEncoding.decode(parts[0]),
                let value = PercentEncoding.decode(parts.count > 1 ? parts[1] : "")
            else { throw Self.mistake("the percent-encoding of '\(field)' is not right") }
            guard self.values.updateValue(value, forKey: name) == nil else {
                throw Self.mistake("'\(name)' is given twice")
            }
        }
    }

    /// A switch without a value is on: `?follow`.
    mutating func flag(_ name: String) throws(APIFailure) -> Bool {
        guard let value = self.values.removeValue(forKey: name) else { return false }
        switch value {
        case "", "1", "true", "yes": return true
        case "0", "false", "no": return false
        default: throw Self.mistake("'\(name)' is 1 or 0, not '\(value)'")
        }
    }

    mutating func index(_ name: String) throws(APIFailure) -> UInt64? {
        guard let value = self.values.removeValue(forKey: name) else { return nil }
        guard let index = UInt64(value) else {
            throw Self.mistake("'\(name)' is a whole number, not '\(value)'")
        }
        return index
    }

    mutating func count(_ name: String) throws(APIFailure) -> Int? {
        guard let value = self.values.removeValue(forKey: name) else { return nil }
        guard let count = Int(value), (0...self.limits.logLines).contains(count) else {
            throw Self.mistake("'\(name)' is a number from 0 to \(self.limits.logLines)")
        }
        return count
    }

    mutating func seconds(_ name: String) throws(APIFailure) -> Duration? {
        guard let value = self.values.removeValue(forKey: name) else { return nil }
        let limit = self.limits.wait.components.seconds
        guard let seconds = Double(value), (0...Double(limit)).contains(seconds) else {
            throw Self.mistake("'\(name)' is a number of seconds from 0 to \(limit)")
        }
        return .milliseconds(Int64(seconds * 1000))
    }

    func requireNothingLeft() throws(APIFailure) {
        guard let name = self.values.keys.min() else { return }
        throw Self.mistake("this path has no parameter '\(name)'")
    }

    private static func mistake(_ why: String) -> APIFailure {
        .badRequest("cannot read the parameters", why: why, next: "correct the request")
    }
}
