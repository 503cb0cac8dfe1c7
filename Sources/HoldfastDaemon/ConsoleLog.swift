import Glibc
import HoldfastAPI
import HoldfastCore
package import Logging

/// Log lines on standard error: one line each, the same form everywhere.
///
///     2026-07-01T12:00:00.000Z notice holdfastd: listening address=127.0.0.1:7411
///
/// Under systemd, where standard error is the journal, the time is left out, because the journal
/// has its own, and the level stands in front as sd-daemon(3) asks for: `<5>`.
package struct ConsoleLog: LogHandler {
    package var metadata: Logger.Metadata = [:]
    package var logLevel: Logger.Level = .info
    private let label: String
    private let isJournal: Bool

    package init(label: String) {
        self.label = label
        self.isJournal = getenv("JOURNAL_STREAM") != nil
    }

    package func log(event: LogEvent) {
        let merged = self.metadata.merging(event.metadata ?? [:]) { $1 }
        var line =
            self.isJournal
            ? "<\(Self.priority(event.level))>"
            : "\(Timestamp.text(WallClock.read())) \(event.level.rawValue) "
        line += "\(self.label): \(event.message)"
        for (name, value) in merged.sorted(by: { $0.key < $1.key }) {
            line += " \(name)=\(Self.quoted("\(value)"))"
        }
        line += "\n"
        // One write a line, so that lines of two threads do not mix.
        var bytes = Array(line.utf8)
        _ = write(STDERR_FILENO, &bytes, bytes.count)
    }

    package subscript(metadataKey key: String) -> Logger.Metadata.Value? {
        get { self.metadata[key] }
        set { self.metadata[key] = newValue }
    }

    private static func quoted(_ text: String) -> String {
        let isPlain =
            !text.isEmpty && text.utf8.allSatisfy { $0 > 0x20 && $0 != 0x22 && $0 != 0x7F }
        return isPlain ? text : text.debugDescription
    }

    private static func priority(_ level: Logger.Level) -> Int {
        switch level {
        case .trace, .debug: 7
        case .info: 6
        case .notice: 5
        case .warning: 4
        case .error: 3
        case .critical: 2
        }
    }
}
