internal import CHoldfastStorage
internal import Glibc

/// A pipe within this process, on which one thread waits for a byte of another.
final class Pipe: Sendable {
    private let readEnd: CInt
    private let writeEnd: CInt

    init() throws(StoreFailure) {
        var ends: [CInt] = [-1, -1]
        let result = holdfast_storage_pipe(&ends)
        guard result == 0 else { throw .refused(.startThread, path: "", errorNumber: -result) }
        self.readEnd = ends[0]
        self.writeEnd = ends[1]
    }

    deinit {
        close(self.readEnd)
        close(self.writeEnd)
    }

    func write() {
        var byte: UInt8 = 1
        while Glibc.write(self.writeEnd, &byte, 1) < 0 {
            precondition(errno == EINTR, "a pipe of ours refused a byte")
        }
    }

    /// Waits for one byte.
    func read() {
        var byte: UInt8 = 0
        while Glibc.read(self.readEnd, &byte, 1) < 0 {
            precondition(errno == EINTR, "a pipe of ours refused to be read")
        }
    }
}
