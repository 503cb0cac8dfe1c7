internal import NIOCore

/// Cuts a stream of bytes into frames: four bytes of length, little-endian, then so many bytes.
///
/// Holds less than one frame and one read of the socket between calls.
struct FrameSplitter {
    /// A frame of no bytes, or of more than allowed.
    struct BadLength: Error {
        var length: UInt32
    }

    private var buffer = ByteBuffer()

    /// Whether a frame has begun and not ended.
    var isAmidFrame: Bool { self.buffer.readableBytes > 0 }

    mutating func append(_ bytes: ByteBuffer) {
        if self.buffer.readableBytes == 0 {
            self.buffer = bytes
        } else {
            self.buffer.discardReadBytes()
            self.buffer.writeImmutableBuffer(bytes)
        }
    }

    /// The next whole frame, or `nil` until more bytes are there.
    ///
    /// - Throws: `BadLength`, upon which nothing that follows can be understood.
    mutating func next(limit: Int) throws(BadLength) -> [UInt8]? {
        let start = self.buffer.readerIndex
        guard
            let length = self.buffer.getInteger(at: start, endianness: .little, as: UInt32.self)
        else { return nil }
        guard length > 0, length <= limit else { throw BadLength(length: length) }
        guard let frame = self.buffer.getBytes(at: start + 4, length: Int(length)) else {
            return nil
        }
        self.buffer.moveReaderIndex(forwardBy: 4 + Int(length))
        return frame
    }
}

extension ByteBuffer {
    mutating func writeFrame(_ frame: [UInt8]) {
        self.writeInteger(UInt32(frame.count), endianness: .little)
        self.writeBytes(frame)
    }
}
