import HoldfastCore

/// Reads little-endian fields of one frame; every read is checked, none can trap.
struct ByteReader {
    private let bytes: [UInt8]
    private var offset = 0

    init(_ bytes: [UInt8]) {
        self.bytes = bytes
    }

    var remaining: Int { self.bytes.count - self.offset }

    mutating func byte() throws(GuardFrameError) -> UInt8 {
        guard self.offset < self.bytes.count else { throw .truncated }
        defer { self.offset += 1 }
        return self.bytes[self.offset]
    }

    mutating func integer<T: FixedWidthInteger>(_: T.Type = T.self) throws(GuardFrameError) -> T {
        let size = T.bitWidth / 8
        guard self.remaining >= size else { throw .truncated }
        var value: T = 0
        for index in (0..<size).reversed() {
            value = (value << 8) | T(truncatingIfNeeded: self.bytes[self.offset + index])
        }
        self.offset += size
        return value
    }

    mutating func flag() throws(GuardFrameError) -> Bool {
        switch try self.byte() {
        case 0: false
        case 1: true
        default: throw .invalid(.flag)
        }
    }

    /// A UTF-8 text without NUL, at most `limit` bytes, after its length.
    mutating func text(
        upTo limit: Int, _ field: GuardFrameField
    ) throws(GuardFrameError) -> String {
        let count = Int(try self.integer(UInt32.self))
        guard count <= limit else { throw .tooLong(field) }
        guard count <= self.remaining else { throw .truncated }
        let slice = self.bytes[self.offset..<self.offset + count]
        self.offset += count
        guard !slice.contains(0), let text = String(validating: slice, as: UTF8.self) else {
            throw .invalid(field)
        }
        return text
    }

    mutating func key() throws(GuardFrameError) -> String {
        let text = try self.text(upTo: Limits.keyBytes, .key)
        guard (try? Key(text)) != nil else { throw .invalid(.key) }
        return text
    }

    mutating func span() throws(GuardFrameError) -> Duration {
        let nanoseconds = try self.integer(Int64.self)
        guard (0...Limits.guardSpanNanoseconds).contains(nanoseconds) else { throw .invalid(.span) }
        return .nanoseconds(nanoseconds)
    }

    mutating func moment() throws(GuardFrameError) -> Moment {
        Moment(boot: try self.clock(), monotonic: try self.clock(), raw: try self.clock())
    }

    private mutating func clock() throws(GuardFrameError) -> Int64 {
        let value = try self.integer(Int64.self)
        guard (0...Limits.guardSpanNanoseconds).contains(value) else { throw .invalid(.moment) }
        return value
    }

    /// Texts, at most `count` of them and `size` bytes in all, each counted with its NUL.
    mutating func texts(
        count limit: Int, size: Int, _ field: GuardFrameField
    ) throws(GuardFrameError) -> [String] {
        let count = Int(try self.integer(UInt32.self))
        guard count <= limit else { throw .tooLong(field) }
        var texts: [String] = []
        var left = size
        for _ in 0..<count {
            guard left > 0 else { throw .tooLong(field) }
            let text = try self.text(upTo: left - 1, field)
            left -= text.utf8.count + 1
            texts.append(text)
        }
        return texts
    }

    func finish() throws(GuardFrameError) {
        guard self.remaining == 0 else { throw .trailingBytes(self.remaining) }
    }
}
