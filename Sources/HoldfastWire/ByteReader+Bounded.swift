import HoldfastCore
import HoldfastPaxos

/// Numbers that somebody will add to, held where no sum of them overflows.
extension ByteReader {
    /// A token, an epoch or a generation: it counts up, and always has a successor.
    mutating func ordinal() throws(MalformedBytes) -> UInt64 {
        let value: UInt64 = try self.integer()
        guard value <= Ballot.counterLimit else { throw .tooLarge }
        return value
    }

    /// Within 35,000 years of 1970: more than a clock can be set to.
    mutating func wallTime() throws(MalformedBytes) -> WallTime {
        let milliseconds: Int64 = try self.integer()
        guard milliseconds.magnitude <= 1 << 50 else { throw .tooLarge }
        return WallTime(milliseconds: milliseconds)
    }

    /// A span that has passed.
    mutating func elapsed() throws(MalformedBytes) -> Duration {
        let span = try self.duration()
        guard span >= .zero else { throw .tooLarge }
        return span
    }

    /// A span that somebody configured and somebody will wait for.
    mutating func configured() throws(MalformedBytes) -> Duration {
        let span = try self.elapsed()
        guard span <= DurationText.longest else { throw .tooLarge }
        return span
    }

    /// T: a longer one than any configuration allows would block a key for as long.
    mutating func term() throws(MalformedBytes) -> Duration {
        let span = try self.elapsed()
        guard span <= .seconds(3600) else { throw .tooLarge }
        return span
    }

    mutating func integer<Integer: FixedWidthInteger>(
        in range: ClosedRange<Integer>
    ) throws(MalformedBytes) -> Integer {
        let value: Integer = try self.integer()
        guard range.contains(value) else { throw .tooLarge }
        return value
    }
}
