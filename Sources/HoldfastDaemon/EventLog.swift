package import HoldfastCore
package import HoldfastNode

/// The newest events of this host, and who wants to hear of the next.
///
/// Confined to the event loop of its host.
package final class EventLog {
    package struct Entry {
        package var index: UInt64
        package var at: WallTime
        package var event: ClusterEvent
    }

    private static let kept = 4096

    private var entries: [Entry] = []
    private var lastIndex: UInt64 = 0
    private var subscribers: [UInt64: (Entry) -> Void] = [:]
    private var order: [UInt64] = []
    private var lastSubscriber: UInt64 = 0

    package init() {}

    func append(_ event: ClusterEvent, at wall: WallTime) {
        self.lastIndex += 1
        let entry = Entry(index: self.lastIndex, at: wall, event: event)
        self.entries.append(entry)
        // Trimmed in steps, so that appending stays cheap.
        if self.entries.count > 2 * Self.kept {
            self.entries.removeFirst(self.entries.count - Self.kept)
        }
        for subscriber in self.order { self.subscribers[subscriber]?(entry) }
    }

    /// Events above `index` that are still kept.
    package func entries(above index: UInt64) -> [Entry] {
        Array(self.entries.suffix(Self.kept).drop { $0.index <= index })
    }

    /// - Returns: What ends the subscription.
    package func subscribe(_ body: @escaping (Entry) -> Void) -> () -> Void {
        self.lastSubscriber += 1
        let id = self.lastSubscriber
        self.subscribers[id] = body
        self.order.append(id)
        return { [weak self] in
            self?.subscribers[id] = nil
            self?.order.removeAll { $0 == id }
        }
    }
}
