internal import Glibc
internal import HoldfastAPI

/// Colour, on a terminal whose user didn't say no (https://no-color.org).
package struct Style: Sendable {
    package enum Colour: String, Sendable {
        case good = "32"
        case doubtful = "33"
        case bad = "31"
        case quiet = "2"
        case strong = "1"
    }

    package var isColoured: Bool

    package init(isColoured: Bool) {
        self.isColoured = isColoured
    }

    static var ofOutput: Style {
        func environment(_ name: String) -> String {
            getenv(name).map { String(cString: $0) } ?? ""
        }
        return Style(
            isColoured: Output.isTerminal && environment("NO_COLOR").isEmpty
                && environment("TERM") != "dumb")
    }

    package func paint(_ text: String, _ colour: Colour?) -> String {
        guard self.isColoured, let colour, !text.isEmpty else { return text }
        return "\u{1B}[\(colour.rawValue)m\(text)\u{1B}[0m"
    }
}

extension KeyDocument.State {
    var colour: Style.Colour? {
        switch self {
        case .running: .good
        case .starting, .stopping, .waiting, .paused, .unknown: .doubtful
        case .failed: .bad
        case .stopped, .finished: .quiet
        }
    }
}

extension HostDocument.State {
    var colour: Style.Colour? {
        switch self {
        case .up: .good
        case .suspected: .doubtful
        case .gone: .bad
        case .neverSeen: .quiet
        }
    }
}
