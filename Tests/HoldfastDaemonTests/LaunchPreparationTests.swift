import Glibc
import HoldfastCore
import HoldfastDaemon
import HoldfastGuardCore
import HoldfastJobs
import HoldfastSpec
import NIOCore
import NIOPosix
import Testing

@Suite("Preparing a launch")
struct LaunchPreparationTests {
    private func prepare(
        _ spec: JobSpec, users: HostConfiguration.AllowedUsers = .own
    ) throws -> Result<LaunchOrder, LaunchImpossible> {
        let group = MultiThreadedEventLoopGroup(numberOfThreads: 1)
        let threads = NIOThreadPool(numberOfThreads: 1)
        threads.start()
        let loop = group.next()
        let promise = loop.makePromise(of: Result<LaunchOrder, LaunchImpossible>.self)
        loop.execute {
            let preparation = LaunchPreparation(
                host: LoneHost.host, users: users, threads: threads, loop: loop)
            preparation.prepare(RunName(key: "k", token: 1), epoch: 1, spec) {
                promise.succeed($0)
            }
        }
        let result = try promise.futureResult.wait()
        try group.syncShutdownGracefully()
        try threads.syncShutdownGracefully()
        return result
    }

    private func isPossible(_ result: Result<LaunchOrder, LaunchImpossible>) -> Bool {
        if case .success = result { true } else { false }
    }

    @Test("a job at the limit of its command is refused, not sent to a guard that hangs up on it")
    func largestCommand() throws {
        let room = Limits.commandBytes - "/bin/true".utf8.count - 1
        let full = JobSpec(
            command: ["/bin/true", String(repeating: "x", count: room - 1)])
        guard case .failure(let failure) = try self.prepare(full) else {
            Issue.record("it was prepared")
            return
        }
        #expect(failure.why.contains("too long"))
        let many = (0..<Limits.environmentCount).map {
            EnvironmentVariable(name: "V\($0)", value: "")
        }
        #expect(
            !self.isPossible(
                try self.prepare(JobSpec(command: ["/bin/true"], environment: many))))
    }

    @Test("as whom a job may run is what the host's own file says")
    func users() throws {
        let own = JobSpec(command: ["/bin/true"])
        var other = own
        other.user = "\(getuid() + 4242)"
        #expect(self.isPossible(try self.prepare(own)))
        #expect(!self.isPossible(try self.prepare(other)))
        #expect(self.isPossible(try self.prepare(other, users: .any)))
        #expect(
            self.isPossible(try self.prepare(other, users: .only(["\(getuid() + 4242)"]))))
        // The agent's own user is not in that list.
        #expect(!self.isPossible(try self.prepare(own, users: .only(["\(getuid() + 4242)"]))))
    }

    @Test("a job gets no group that its user is not in")
    func groups() throws {
        let number = "\(getuid() + 4242)"
        var job = JobSpec(command: ["/bin/true"], user: number, group: number)
        #expect(self.isPossible(try self.prepare(job, users: .only([number]))))
        job.group = "0"
        #expect(!self.isPossible(try self.prepare(job, users: .only([number]))))
        #expect(self.isPossible(try self.prepare(job, users: .any)))
    }
}
