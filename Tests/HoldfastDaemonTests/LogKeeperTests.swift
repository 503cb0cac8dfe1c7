import Glibc
import HoldfastDaemon
import HoldfastGuardCore
import HoldfastJobs
import HoldfastLinux
import Logging
import NIOCore
import NIOPosix
import Testing

@Suite("Keeping logs")
struct LogKeeperTests {
    @Test("a link in the place of a log is not followed")
    func link() throws {
        var template = Array("/tmp/holdfast-log-test.XXXXXX".utf8CString)
        try #require(mkdtemp(&template) != nil)
        let folder = String(
            decoding: template.dropLast().map(UInt8.init(bitPattern:)), as: UTF8.self)
        let (target, log) = (folder + "/target", folder + "/job.log")
        close(open(target, O_WRONLY | O_CREAT, 0o600))
        symlink(target, log)
        let group = MultiThreadedEventLoopGroup(numberOfThreads: 1)
        let keeper = LogKeeper(
            directory: folder, loop: group.next(),
            logger: Logger(label: "test") { _ in SwiftLogNoOpLogHandler() })
        let pipe = try LogPipe.make()
        keeper.keep(RunName(key: "job", token: 1), policy: LogPolicy(), pipe: pipe.reading)
        _ = write(try #require(pipe.writing.number), "secret\n", 7)
        usleep(200_000)
        var status = stat()
        #expect(stat(target, &status) == 0 && status.st_size == 0)
        try group.syncShutdownGracefully()
        unlink(log)
        unlink(target)
        rmdir(folder)
    }
}
