/// Which register: one independent Paxos per (bucket, key).
///
/// Buckets that begin with a full stop belong to Holdfast itself.
package struct RegisterID: Hashable, Comparable, Sendable, CustomStringConvertible {
    package var bucket: String
    package var key: String

    package init(bucket: String, key: String) {
        self.bucket = bucket
        self.key = key
    }

    /// The register of a key that may be run.
    package static func key(_ key: Key) -> RegisterID {
        RegisterID(bucket: Self.keyBucket, key: key.text)
    }

    /// The register of the sessions of `host`.
    package static func session(of host: HostName) -> RegisterID {
        RegisterID(bucket: Self.sessionBucket, key: host.text)
    }

    package static let keyBucket = ".keys"
    package static let sessionBucket = ".sessions"

    package static func < (left: Self, right: Self) -> Bool {
        (ExactText(left.bucket), ExactText(left.key))
            < (ExactText(right.bucket), ExactText(right.key))
    }

    package static func == (left: Self, right: Self) -> Bool {
        ExactText(left.bucket) == ExactText(right.bucket)
            && ExactText(left.key) == ExactText(right.key)
    }

    package func hash(into hasher: inout Hasher) {
        hasher.combine(ExactText(self.bucket))
        hasher.combine(ExactText(self.key))
    }

    package var description: String { "\(self.bucket)/\(self.key)" }

    /// The same on every host and in every process: FNV-1a, 64 bits, over bucket, NUL, key.
    package var stableHash: UInt64 { StableHash.of(self.bucket, self.key) }
}

/// A hash that is the same on every host and in every process, unlike `Hasher`.
package enum StableHash {
    /// FNV-1a (Fowler, Noll, Vo), 64 bits, over the texts with a NUL between them, then mixed
    /// so that short texts differ in all bits (the finalizer of SplitMix64).
    package static func of(_ texts: String...) -> UInt64 {
        var hash: UInt64 = 0xCBF2_9CE4_8422_2325
        for (index, text) in texts.enumerated() {
            if index > 0 { hash = hash &* 0x100_0000_01B3 }
            for byte in text.utf8 { hash = (hash ^ UInt64(byte)) &* 0x100_0000_01B3 }
        }
        return Self.mix(hash)
    }

    package static func mix(_ value: UInt64) -> UInt64 {
        var z = value
        z = (z ^ (z >> 30)) &* 0xBF58_476D_1CE4_E5B9
        z = (z ^ (z >> 27)) &* 0x94D0_49BB_1331_11EB
        return z ^ (z >> 31)
    }
}
