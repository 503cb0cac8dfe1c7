internal import HoldfastAPI
internal import HoldfastCore
internal import Synchronization

/// One line for everything that happens: time, host, what.
final class DevConsole: Sendable {
    private let style = Style.ofOutput
    private let turn = Mutex(())

    func tell(_ event: EventDocument) {
        self.line(Words.clock(event.at), event.host ?? "", Words.event(event))
    }

    func tell(_ host: String, _ text: String) {
        self.line(Words.clock(Words.now), host, text)
    }

    func plain(_ text: String) {
        self.turn.withLock { _ in Output.line(text) }
    }

    private func line(_ time: String, _ host: String, _ text: String) {
        let padding = String(repeating: " ", count: max(0, 3 - host.count))
        let line = self.style.paint(time, .quiet) + "  " + Printable.text(host) + padding + "  "
        self.turn.withLock { _ in Output.line(line + Printable.text(text)) }
    }
}
