internal import HoldfastPaxos

/// What is stored beside each row, so that no row is believed that was not written (D1).
///
/// Each part is preceded by its length, so that bytes cannot pass from one part to the next
/// without being noticed.
enum RowChecksum {
    static func ofRegister(bucket: String, key: String, accepted: Accepted) -> UInt32 {
        var sum = CRC32C()
        Self.add(bucket.utf8, to: &sum)
        Self.add(key.utf8, to: &sum)
        sum.add(accepted.ballot.counter)
        sum.add(accepted.ballot.incarnation)
        Self.add(accepted.value, to: &sum)
        return sum.value
    }

    static func ofFact(name: String, value: [UInt8]) -> UInt32 {
        var sum = CRC32C()
        Self.add(name.utf8, to: &sum)
        Self.add(value, to: &sum)
        return sum.value
    }

    private static func add(_ bytes: some Collection<UInt8>, to sum: inout CRC32C) {
        sum.add(UInt64(bytes.count))
        sum.add(bytes)
    }
}
