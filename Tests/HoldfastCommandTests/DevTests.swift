import Glibc
import HoldfastAPISupport
import Testing

/// The development cluster's supervision, with small shell scripts where agent and guard belong.
@Suite("Dev", .serialized)
struct DevTests {
    /// A folder with our program and scripts beside it, and a place for the hosts.
    final class Bench {
        let folder: String
        var directory: String { self.folder + "/cluster" }
        private var started: [Process] = []

        init(agent: String = Bench.obedient, guardProcess: String = Bench.obedient) throws {
            var template = Array("/tmp/holdfast-dev-test-XXXXXX".utf8CString)
            guard let folder = mkdtemp(&template) else { throw TestFailure("mkdtemp \(errno)") }
            self.folder = String(cString: folder)
            // A copy, not a link: the program looks for the others beside itself.
            try Self.copy(Command.folder + "/holdfast", to: self.folder + "/holdfast")
            try Self.write(agent, to: self.folder + "/holdfastd")
            try Self.write(guardProcess, to: self.folder + "/holdfast-guard")
        }

        deinit {
            for process in self.started where process.isUnderWay { process.signal(SIGKILL) }
            for line in ((try? self.survivors()) ?? "").split(separator: "\n") {
                if let pid = pid_t(line.prefix { $0.isNumber }) { Glibc.kill(pid, SIGKILL) }
            }
            _ = try? Process(["/bin/rm", "-rf", self.folder]).finish()
        }

        /// Says its arguments, and ends when it is told to.
        static let obedient = """
            #!/bin/sh
            echo "begun: $*"
            trap 'echo told to end; kill $!; exit 0' TERM
            sleep 600 & wait $!
            """

        func start(_ options: [String] = [], keep: Bool = true) throws -> Process {
            let place = keep ? ["--directory", self.directory] : []
            let process = try Process(
                [self.folder + "/holdfast", "dev"] + place + options,
                environment: [
                    "PATH=/usr/bin:/bin", "XDG_RUNTIME_DIR=\(self.folder)", "TMPDIR=\(self.folder)",
                ])
            self.started.append(process)
            return process
        }

        func read(_ path: String) -> String {
            let file = open(self.folder + "/" + path, O_RDONLY)
            guard file >= 0 else { return "" }
            defer { close(file) }
            var buffer = [UInt8](repeating: 0, count: 65_536)
            let count = Glibc.read(file, &buffer, buffer.count)
            return String(decoding: buffer.prefix(max(0, count)), as: UTF8.self)
        }

        /// Processes that still have our folder in their command line.
        func survivors() throws -> String {
            let found = try Process(["/usr/bin/pgrep", "-af", self.folder + "/"]).finish().output
            return found.split(separator: "\n").filter { !$0.contains("pgrep") }
                .joined(separator: "\n")
        }

        private static func write(_ text: String, to path: String) throws {
            let file = open(path, O_WRONLY | O_CREAT | O_TRUNC, 0o755)
            defer { close(file) }
            let bytes = Array((text + "\n").utf8)
            guard Glibc.write(file, bytes, bytes.count) == bytes.count else {
                throw TestFailure("\(path): \(errno)")
            }
        }

        private static func copy(_ source: String, to target: String) throws {
            // A hard link has its own path in /proc/self/exe, and costs nothing.
            if link(source, target) == 0 { return }
            guard try Process(["/bin/cp", source, target]).finish().status == 0 else {
                throw TestFailure("cp \(source)")
            }
        }
    }

    @Test("starts guard and agent of each host with its file, and ends them in that order")
    func life() throws {
        let bench = try Bench()
        let dev = try bench.start(["--hosts", "2"])
        try dev.until("h2   agent started")
        try dev.until("Ctrl-C stops everything")
        let file = bench.directory + "/h1/holdfast.yaml"
        try dev.until("guard's log") {
            bench.read("cluster/h1/logs/guard.log").contains("begun: --config \(file)")
        }
        try dev.until("agent's log") { bench.read("cluster/h2/logs/holdfastd.log") != "" }
        #expect(bench.read("cluster/h1/logs/guard.log").contains("--exit-with-parent"))
        #expect(bench.read("holdfast-dev/current") == bench.directory + "\n")

        dev.signal(SIGINT)
        let ended = dev.finish()
        #expect(ended.status == 0 && ended.errors == "", "\(ended.errors)")
        let lines = ended.output.split(separator: "\n").map(String.init)
        let guardEnd = lines.lastIndex { $0.contains("guard exited 0") }
        let agentEnd = lines.firstIndex { $0.contains("agent exited 0") }
        #expect(try #require(guardEnd) < #require(agentEnd), "\(ended.output)")
        #expect(lines.last?.hasSuffix("everything has ended") == true)
        #expect(bench.read("cluster/h2/logs/holdfastd.log").contains("told to end"))
        #expect(bench.read("holdfast-dev/current") == "")
        #expect(try bench.survivors() == "")
    }

    @Test("what ends is started again, ever more slowly, with its last words")
    func restart() throws {
        let bench = try Bench(agent: "#!/bin/sh\necho first; echo the disk is full >&2; exit 71")
        let dev = try bench.start(["--hosts", "1"])
        try dev.until("starts again in 400ms (the disk is full)")
        dev.signal(SIGTERM)
        let ended = dev.finish()
        for delay in ["100ms", "200ms", "400ms"] {
            #expect(
                ended.output.contains(
                    "h1   agent exited 71, starts again in \(delay) (the disk is full)"))
        }
        #expect(ended.output.contains("agent started again"))
        #expect(try bench.survivors() == "")
    }

    @Test("a killed process is started again")
    func kill() throws {
        let bench = try Bench()
        let dev = try bench.start(["--hosts", "1"])
        try dev.until("agent started (pid ")
        let line = try #require(
            dev.outputSoFar.split(separator: "\n").first { $0.contains("agent started (pid ") })
        let pid = try #require(
            Int32(line.split(separator: " ").last?.prefix { $0.isNumber } ?? ""))
        Glibc.kill(pid, SIGKILL)
        try dev.until("agent killed by signal 9, starts again in 100ms")
        try dev.until("agent started again")
        dev.signal(SIGINT)
        #expect(dev.finish().status == 0)
    }

    @Test("one that doesn't end when told is killed by a second signal")
    func stubborn() throws {
        let bench = try Bench(
            guardProcess: "#!/bin/sh\ntrap '' TERM\necho begun\nwhile :; do sleep 0.1; done")
        let dev = try bench.start(["--hosts", "1"])
        try dev.until("the guard") { bench.read("cluster/h1/logs/guard.log") == "begun\n" }
        dev.signal(SIGINT)
        try dev.until("ending: the jobs are stopped first")
        usleep(200_000)
        dev.signal(SIGINT)
        let ended = dev.finish()
        #expect(ended.status == 0 && ended.output.contains("guard killed by signal 9"))
        #expect(try bench.survivors() == "")
    }

    @Test("a directory is for one at a time")
    func lock() throws {
        let bench = try Bench()
        let first = try bench.start(["--hosts", "1"])
        try first.until("agent started")
        let second = try bench.start(["--hosts", "1"]).finish()
        #expect(second.status == 75)
        #expect(second.errors.contains("another 'holdfast dev' uses it"))
        first.signal(SIGTERM)
        #expect(first.finish().status == 0)
    }

    @Test("a second start takes hosts, ports and term as they are")
    func secondStart() throws {
        let bench = try Bench()
        let port = UInt16.random(in: 20_000...30_000)
        let first = try bench.start(
            ["--hosts", "2", "--term", "2s", "--base-port", "\(port)"])
        try first.until("h2   agent started")
        first.signal(SIGTERM)
        #expect(first.finish().status == 0)
        let file = bench.read("cluster/h2/holdfast.yaml")
        #expect(file.contains("term: 2s"), "\(file)")

        for (option, value) in [("--hosts", "3"), ("--term", "3s")] {
            let refused = try bench.start([option, value]).finish()
            #expect(refused.status == 64)
            #expect(refused.errors.contains("give another --directory"), "\(refused.errors)")
        }
        let second = try bench.start()
        try second.until("h2   agent started")
        second.signal(SIGTERM)
        #expect(second.finish().status == 0)
        #expect(bench.read("cluster/h2/holdfast.yaml") == file)
    }

    @Test("a port that somebody has is passed over at first, and named later")
    func takenPort() throws {
        let bench = try Bench()
        let port = UInt16.random(in: 20_000...30_000)
        let listener = try Listener(port)
        let first = try bench.start(["--hosts", "2", "--base-port", "\(port)"])
        try first.until("h2   agent started")
        first.signal(SIGTERM)
        #expect(first.finish().status == 0)
        #expect(!bench.read("cluster/h1/holdfast.yaml").contains(":\(port)\n"))
        listener.end()

        let text = bench.read("cluster/h1/holdfast.yaml")
        let own = try #require(UInt16(text.split(separator: "listen: 127.0.0.1:")[1].prefix(5)))
        let other = try Listener(own)
        let second = try bench.start().finish()
        #expect(second.status == 69)
        #expect(second.errors.contains("port \(own) of h1 is taken by another program"))
        other.end()
    }

    @Test("without a directory a temporary one is made, and removed at the end")
    func temporary() throws {
        let bench = try Bench()
        let dev = try bench.start(["--hosts", "1"], keep: false)
        try dev.until("agent started")
        let path = String(bench.read("holdfast-dev/current").dropLast())
        #expect(path.hasPrefix(bench.folder + "/holdfast-dev."))
        #expect(access(path + "/h1/holdfast.yaml", F_OK) == 0)
        dev.signal(SIGTERM)
        #expect(dev.finish().status == 0)
        #expect(access(path, F_OK) != 0)
    }

    @Test("a directory that can't be had is refused with a reason")
    func badDirectory() throws {
        let bench = try Bench()
        for (path, why) in [
            ("/nonexistent/x", "No such file"), ("/dev/null", "Not a directory"),
            (bench.folder + "/" + String(repeating: "x", count: 80), "107 bytes"),
        ] {
            let found = try bench.start(["--directory", path], keep: false).finish()
            #expect(found.status == 73 && found.errors.contains(why), "\(found.errors)")
        }
    }

    @Test("a configuration that was spoilt is refused with its place")
    func spoilt() throws {
        let bench = try Bench()
        let first = try bench.start(["--hosts", "1"])
        try first.until("agent started")
        first.signal(SIGTERM)
        _ = first.finish()
        let file = open(bench.directory + "/h1/holdfast.yaml", O_WRONLY | O_TRUNC)
        _ = write(file, "name: h1\nnonsense: 1\n", 21)
        close(file)
        let second = try bench.start().finish()
        #expect(second.status == 78 && second.errors.contains("holdfast.yaml:2:1: "))
    }

    /// Somebody else who listens on a loopback port.
    final class Listener {
        private let descriptor: CInt

        init(_ port: UInt16) throws {
            self.descriptor = socket(AF_INET, CInt(SOCK_STREAM.rawValue | SOCK_CLOEXEC.rawValue), 0)
            var address = sockaddr_in()
            address.sin_family = sa_family_t(AF_INET)
            address.sin_port = port.bigEndian
            address.sin_addr.s_addr = UInt32(0x7F00_0001).bigEndian
            let size = socklen_t(MemoryLayout<sockaddr_in>.size)
            let result = withUnsafePointer(to: &address) {
                $0.withMemoryRebound(to: sockaddr.self, capacity: 1) {
                    bind(self.descriptor, $0, size)
                }
            }
            guard result == 0, listen(self.descriptor, 1) == 0 else {
                throw TestFailure("port \(port) is taken")
            }
        }

        func end() {
            close(self.descriptor)
        }
    }
}
