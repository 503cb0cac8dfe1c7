import HoldfastCore

/// Writes little-endian fields of one frame, and refuses what `ByteReader` would.
struct ByteWriter {
    private(set) var bytes: [UInt8] = []

    mutating func integer<T: FixedWidthInteger>(_ value: T) {
        for index in 0..<(T.bitWidth / 8) {
            self.bytes.append(UInt8(truncatingIfNeeded: value >> T(index * 8)))
        }
    }

    mutating func flag(_ value: Bool) {
        self.bytes.append(value ? 1 : 0)
    }

    mutating func text(
        _ text: String, upTo limit: Int, _ field: GuardFrameField
    ) throws(GuardFrameError) {
        let utf8 = Array(text.utf8)
        guard utf8.count <= limit else { throw .tooLong(field) }
        guard !utf8.contains(0) else { throw .invalid(field) }
        self.integer(UInt32(utf8.count))
        self.bytes += utf8
    }

    mutating func key(_ key: String) throws(GuardFrameError) {
        guard (try? Key(key)) != nil else { throw .invalid(.key) }
        try self.text(key, upTo: Limits.keyBytes, .key)
    }

    mutating func span(_ span: Duration) throws(GuardFrameError) {
        let nanoseconds = span.wholeNanoseconds
        guard (0...Limits.guardSpanNanoseconds).contains(nanoseconds) else { throw .invalid(.span) }
        self.integer(nanoseconds)
    }

    mutating func moment(_ moment: Moment) throws(GuardFrameError) {
        for clock in [moment.boot, moment.monotonic, moment.raw] {
            guard (0...Limits.guardSpanNanoseconds).contains(clock) else { throw .invalid(.moment) }
            self.integer(clock)
        }
    }

    mutating func texts(
        _ texts: [String], count limit: Int, size: Int, _ field: GuardFrameField
    ) throws(GuardFrameError) {
        guard texts.count <= limit else { throw .tooLong(field) }
        self.integer(UInt32(texts.count))
        var left = size
        for text in texts {
            guard left > 0 else { throw .tooLong(field) }
            try self.text(text, upTo: left - 1, field)
            left -= text.utf8.count + 1
        }
    }

    /// - Throws: `tooLong` for more bytes than one frame may have.
    func finished() throws(GuardFrameError) -> [UInt8] {
        guard self.bytes.count <= Limits.guardFrameBytes else { throw .tooLong(.frame) }
        return self.bytes
    }
}
