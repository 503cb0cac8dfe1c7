import Testing

/// Real hosts: agents, guards and children as processes of their own.
///
/// One test at a time: they measure times, and each keeps three hosts busy.
@Suite("End to end", .serialized)
enum EndToEndTests {}
