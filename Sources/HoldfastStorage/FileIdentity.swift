internal import CHoldfastStorage

/// Which file this is, as opposed to what it holds: a copy has the same bytes and another
/// identity (M4).
///
/// Inode number and time of birth; not the device number, which may change at a reboot.
struct FileIdentity: Equatable {
    var inode: UInt64
    /// Nanoseconds since 1970; 0 where the file system keeps none.
    var birth: Int64

    init(inode: UInt64, birth: Int64) {
        self.inode = inode
        self.birth = birth
    }

    init(of path: String) throws(StoreFailure) {
        (self.inode, self.birth) = (0, 0)
        let result = holdfast_file_identity(path, &self.inode, &self.birth)
        guard result == 0 else { throw .refused(.openStore, path: path, errorNumber: -result) }
    }

    func isSameFile(as other: FileIdentity) -> Bool {
        let knowsBirths = self.birth != 0 && other.birth != 0
        return self.inode == other.inode && (!knowsBirths || self.birth == other.birth)
    }

    var bytes: [UInt8] { self.inode.bigEndianBytes + UInt64(bitPattern: self.birth).bigEndianBytes }

    init?(bytes: [UInt8]) {
        guard bytes.count == 16, let inode = UInt64(bigEndianBytes: bytes[..<8]),
            let birth = UInt64(bigEndianBytes: bytes[8...])
        else { return nil }
        self.init(inode: inode, birth: Int64(bitPattern: birth))
    }
}
