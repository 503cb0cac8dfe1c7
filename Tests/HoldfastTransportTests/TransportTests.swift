import Testing

/// One at a time: they wait in system calls, and the cooperative pool has few threads.
@Suite("Transport", .serialized)
enum TransportTests {}
