import Glibc

/// What this machine needs for the parts that no program can do without, measured in this run.
struct Floors {
    /// One fdatasync of 4 KiB that overwrite what was there.
    private(set) var sync = Sample()
    /// 200 bytes to another thread and back.
    private(set) var loopback = Sample()
    private(set) var unixSocket = Sample()
    /// posix_spawn(3), which returns once the child executes.
    private(set) var spawn = Sample()
    /// The same for what the jobs of this benchmark do, until their first line is read.
    private(set) var child = Sample()
    /// A child of ours that is killed, until waitpid(2) returns it.
    private(set) var end = Sample()
    /// A program that does nothing, from its start to its end.
    private(set) var program = Sample()

    /// A claim made durable by a majority: see P5 of the protocol.
    var claim: Double { self.sync.median + 2 * self.loopback.median }

    /// One change of a register whose last change was made here (P6).
    var change: Double { self.sync.median + self.loopback.median }

    private static let messageBytes = 200

    /// Measures on the disk that holds `directory`.
    static func measure(_ directory: String) throws(Trouble) -> Floors {
        var floors = Floors()
        floors.sync = try Self.measureSync(directory + "/floor")
        floors.loopback = try Self.measureRoundTrip(try Self.connectLoopback())
        floors.unixSocket = try Self.measureRoundTrip(try Self.connectPair())
        let signposts = try Signposts(directory + "/floor.pipe")
        for _ in 0..<100 {
            var start = Clock.now()
            let processID = try Spawned.start(["/bin/sleep", "100"], output: "/dev/null")
            floors.spawn.add(Clock.now() - start)
            // The child itself is to be done, and asleep.
            Clock.pause(0.002)
            start = Clock.now()
            Self.end(processID)
            floors.end.add(Clock.now() - start)

            start = Clock.now()
            let child = try Spawned.start(signposts.command, output: "/dev/null")
            floors.child.add(try signposts.next(within: 5).at - start)
            Self.end(child)

            start = Clock.now()
            _ = try Spawned.run(["/bin/true"])
            floors.program.add(Clock.now() - start)
        }
        return floors
    }

    private static func end(_ processID: pid_t) {
        kill(processID, SIGKILL)
        waitpid(processID, nil, 0)
    }

    private static func measureSync(_ path: String) throws(Trouble) -> Sample {
        let file = open(path, O_RDWR | O_CREAT | O_TRUNC | O_CLOEXEC, 0o600)
        guard file >= 0 else { throw .system("make \(path)") }
        defer {
            close(file)
            unlink(path)
        }
        let page = [UInt8](repeating: 7, count: 4096)
        for number in 0..<256 { pwrite(file, page, page.count, number * page.count) }
        fsync(file)
        var sample = Sample()
        for number in 0..<500 {
            let start = Clock.now()
            guard pwrite(file, page, page.count, number % 256 * page.count) == page.count,
                fdatasync(file) == 0
            else { throw .system("write \(path)") }
            sample.add(Clock.now() - start)
        }
        return sample
    }

    // MARK: Round trips

    private static func connectPair() throws(Trouble) -> (Int32, Int32) {
        var ends: [Int32] = [0, 0]
        guard socketpair(AF_UNIX, Int32(SOCK_STREAM.rawValue), 0, &ends) == 0 else {
            throw .system("make a pair of sockets")
        }
        return (ends[0], ends[1])
    }

    private static func connectLoopback() throws(Trouble) -> (Int32, Int32) {
        let listener = socket(AF_INET, Int32(SOCK_STREAM.rawValue), 0)
        defer { close(listener) }
        let near = socket(AF_INET, Int32(SOCK_STREAM.rawValue), 0)
        var address = sockaddr_in()
        var length = socklen_t(MemoryLayout<sockaddr_in>.size)
        let isConnected = withUnsafeMutablePointer(to: &address) { address in
            address.pointee.sin_family = sa_family_t(AF_INET)
            address.pointee.sin_addr.s_addr = UInt32(0x7F00_0001).bigEndian
            return address.withMemoryRebound(to: sockaddr.self, capacity: 1) {
                bind(listener, $0, length) == 0 && listen(listener, 1) == 0
                    && getsockname(listener, $0, &length) == 0 && connect(near, $0, length) == 0
            }
        }
        let far = accept(listener, nil, nil)
        guard isConnected, far >= 0 else { throw .system("connect over loopback") }
        var one: Int32 = 1
        for end in [near, far] {
            setsockopt(end, Int32(IPPROTO_TCP), TCP_NODELAY, &one, 4)
        }
        return (near, far)
    }

    /// A thread echoes what comes; closes both ends.
    private static func measureRoundTrip(_ ends: (Int32, Int32)) throws(Trouble) -> Sample {
        let (near, far) = ends
        let holder = Unmanaged.passRetained(Echo(far))
        var thread = pthread_t()
        let result = pthread_create(
            &thread, nil,
            { @Sendable argument in
                guard let argument else { return nil }
                Unmanaged<Echo>.fromOpaque(argument).takeRetainedValue().run()
                return nil
            }, holder.toOpaque())
        guard result == 0 else {
            holder.release()
            throw Trouble("cannot start a thread")
        }
        defer {
            close(near)
            pthread_join(thread, nil)
        }
        var bytes = [UInt8](repeating: 1, count: Self.messageBytes)
        var sample = Sample()
        for _ in 0..<3000 {
            let start = Clock.now()
            guard write(near, bytes, bytes.count) == bytes.count,
                recv(near, &bytes, bytes.count, Int32(MSG_WAITALL)) == bytes.count
            else { throw .system("echo") }
            sample.add(Clock.now() - start)
        }
        return sample
    }

    private final class Echo: Sendable {
        private let file: Int32

        init(_ file: Int32) { self.file = file }

        func run() {
            var bytes = [UInt8](repeating: 0, count: Floors.messageBytes)
            while recv(self.file, &bytes, bytes.count, Int32(MSG_WAITALL)) == bytes.count,
                write(self.file, bytes, bytes.count) == bytes.count
            {}
            close(self.file)
        }
    }
}
