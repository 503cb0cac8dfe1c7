internal import ArgumentParser
internal import HoldfastCore

// Texts of the command line that are checked once, where they enter.

extension Key {
    static func argument(_ text: String) throws -> Key {
        do {
            return try Key(text)
        } catch {
            throw ValidationError(error.reason)
        }
    }
}

extension Duration {
    static func argument(_ text: String) throws -> Duration {
        do {
            return try DurationText.parse(text)
        } catch {
            let hint = error.suggestion.map { "; did you mean \($0)?" } ?? ""
            throw ValidationError("it is \(error.reason)\(hint)")
        }
    }
}
