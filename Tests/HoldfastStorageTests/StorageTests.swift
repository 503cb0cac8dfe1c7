import Testing

/// One at a time: they wait for the disk and for processes, and the cooperative pool has few
/// threads.
@Suite("Storage", .serialized)
enum StorageTests {}
