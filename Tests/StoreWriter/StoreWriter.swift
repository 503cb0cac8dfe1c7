import Glibc
import HoldfastCore
import HoldfastPaxos
import HoldfastStorage

/// Writes to a store until it is killed, and says on standard output what is durable.
///
/// `holdfast-store-writer DIRECTORY [--count N] [--user UID] [--file-limit BYTES]`: commits the
/// ballots first, first + 1, … to 50 registers in turn, where `first` follows the highest on disk,
/// and prints each acknowledged counter. With `--count 0` it opens the store, prints "ready" and
/// waits for the end of standard input.
@main
struct StoreWriter {
    static func main() {
        do throws(StoreFailure) {
            try Self.run(Array(CommandLine.arguments.dropFirst()))
        } catch {
            Self.print("\(error)\n", to: STDERR_FILENO)
            exit(error.exitStatus.rawValue)
        }
    }

    private static func run(_ arguments: [String]) throws(StoreFailure) {
        guard let directory = arguments.first, let host = try? HostName("h1") else { exit(64) }
        var count = UInt64.max
        for (option, value) in zip(arguments.dropFirst(), arguments.dropFirst(2)) {
            guard let number = UInt64(value) else { continue }
            switch option {
            case "--count": count = number
            case "--user": setuid(uid_t(number))
            case "--file-limit":
                var limit = rlimit(rlim_cur: rlim_t(number), rlim_max: rlim_t(number))
                setrlimit(__rlimit_resource_t(RLIMIT_FSIZE.rawValue), &limit)
            default: exit(64)
            }
        }
        let identity = AcceptorID(high: 0, low: UInt64(getpid()))
        let store = try AcceptorStore(directory: directory, host: host, freshIdentity: identity)
        let state = try store.load()
        if count == 0 { Self.waitForEnd() }
        let first = 1 + (state.registers.values.map(\.ballot.counter).max() ?? 0)
        try Self.write(from: first, count: count, to: store)
    }

    private static func write(
        from first: UInt64, count: UInt64, to store: sending AcceptorStore
    ) throws(StoreFailure) {
        let committer = try GroupCommitter(
            store: store,
            didCommit: { Self.print("\($0.upperBound)\n", to: STDOUT_FILENO) },
            onFailure: { failure in
                Self.print("\(failure)\n", to: STDERR_FILENO)
                exit(failure.exitStatus.rawValue)
            })
        var counter = first
        while counter - first < count {
            while committer.waitingCount > 8 { usleep(50) }
            let value = [UInt8](repeating: UInt8(truncatingIfNeeded: counter), count: 200)
            let accepted = Accepted(
                ballot: Ballot(counter: counter, incarnation: .max), value: value)
            let register = RegisterID(bucket: ".keys", key: "k\(counter % 50)")
            committer.submit([.accepted(register, accepted)], ticket: counter)
            counter += 1
        }
        committer.stop()
    }

    private static func waitForEnd() -> Never {
        Self.print("ready\n", to: STDOUT_FILENO)
        var byte: UInt8 = 0
        while read(STDIN_FILENO, &byte, 1) > 0 {}
        exit(0)
    }

    private static func print(_ text: String, to descriptor: CInt) {
        let bytes = Array(text.utf8)
        _ = Glibc.write(descriptor, bytes, bytes.count)
    }
}
