import CHoldfastLinux
import Glibc

/// Bytes in a file that exists in memory only and that nobody can change any more (memfd).
package enum SealedMemory {
    /// - Returns: Its descriptor, close-on-exec.
    package static func make(
        _ name: String, _ bytes: [UInt8]
    ) throws(SystemCallFailure) -> OwnedDescriptor {
        let number = bytes.withUnsafeBytes { buffer in
            holdfast_memory_make(name, buffer.baseAddress, buffer.count)
        }
        return OwnedDescriptor(try SystemCallFailure.check("memfd_create", number))
    }

    /// Everything in it; EFBIG for more than `limit` bytes, EPERM for what can still change.
    package static func read(
        _ memory: OwnedDescriptor, upTo limit: Int
    ) throws(SystemCallFailure) -> [UInt8] {
        let descriptor = memory.number ?? -1
        let size = holdfast_memory_size(descriptor)
        guard size >= 0 else {
            throw SystemCallFailure(call: "fcntl", errorNumber: Int32(truncatingIfNeeded: -size))
        }
        guard size <= limit else { throw SystemCallFailure(call: "fstat", errorNumber: EFBIG) }
        var count = 0
        let bytes = [UInt8](unsafeUninitializedCapacity: Int(size)) { buffer, used in
            while count < buffer.count {
                let part = pread(
                    descriptor, buffer.baseAddress?.advanced(by: count), buffer.count - count,
                    off_t(count))
                guard part > 0 else { break }
                count += part
            }
            used = count
        }
        guard count == size else { throw SystemCallFailure(call: "pread", errorNumber: EIO) }
        return bytes
    }
}
