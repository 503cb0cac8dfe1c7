import Foundation
import HoldfastCore
import HoldfastPaxos
import HoldfastStorage

/// A directory of a test's own, removed with it.
final class Scratch {
    let path: String
    static let identity = AcceptorID(high: 7, low: 9)

    init() throws {
        var template = Array((NSTemporaryDirectory() + "/hf-store-XXXXXX").utf8CString)
        guard mkdtemp(&template) != nil else { throw POSIXError(.EIO) }
        let bytes = template.dropLast().map { UInt8(bitPattern: $0) }
        self.path = String(decoding: bytes, as: UTF8.self)
    }

    deinit { try? FileManager.default.removeItem(atPath: self.path) }

    var data: String { self.path + "/data" }
    var database: String { self.data + "/store.db" }
    var log: String { self.data + "/store.db-wal" }

    func open(
        host: String = "h1", identity: AcceptorID = Scratch.identity
    ) throws -> sending AcceptorStore {
        try AcceptorStore(
            directory: self.data, host: HostName(host), freshIdentity: identity)
    }

    /// Whether this process may mount file systems.
    static let canMount: Bool = {
        guard let scratch = try? Scratch(), scratch.mountMemory(size: "64k") else { return false }
        scratch.unmountMemory()
        return true
    }()

    /// Puts a file system of so many bytes over the directory.
    func mountMemory(size: String) -> Bool {
        mount("tmpfs", self.path, "tmpfs", 0, "size=\(size)") == 0
    }

    func unmountMemory() { umount(self.path) }

    /// Opens, loads and closes.
    func load() throws -> DurableState { try self.open().load() }
}

extension DurableWrite {
    static func accepted(_ key: String, _ counter: UInt64, _ value: [UInt8]) -> DurableWrite {
        .accepted(
            RegisterID(bucket: ".keys", key: key),
            Accepted(ballot: Ballot(counter: counter, incarnation: .max), value: value))
    }
}
