import Foundation
import HoldfastCore
import HoldfastGuardCore
import HoldfastLinux
import Testing

@Suite("Launching a child", .serialized)
struct ChildLauncherTests {
    let launcher: ChildLauncher
    let pipe: (reading: OwnedDescriptor, writing: OwnedDescriptor)

    init() throws {
        self.launcher = try ChildLauncher(openFiles: .init(soft: 256, hard: 4096))
        self.pipe = try LogPipe.make()
    }

    static func order(_ script: String) -> LaunchOrder { Orders.shell("a", script) }

    static var soon: Moment { Clocks.read().advanced(by: .seconds(10)) }

    @Test("G5: a deadline that has come on either clock stops the child before its command")
    func tooLate() throws {
        let directory = try GuardHarness.makeDirectory()
        defer { try? FileManager.default.removeItem(atPath: directory) }
        let order = Self.order("touch \(directory)/ran")
        var byBoot = Self.soon
        byBoot.boot = Clocks.read().boot
        var byRaw = Self.soon
        byRaw.raw = Clocks.read().raw
        for deadline in [byBoot, byRaw] {
            #expect(throws: ChildLauncher.Failure.tooLate) {
                try self.launcher.launch(
                    order, in: .here, output: self.pipe.writing, before: deadline)
            }
        }
        usleep(50_000)
        #expect(!FileManager.default.fileExists(atPath: "\(directory)/ran"))
    }

    @Test("a launched child is reaped by its descriptor, once")
    func reaped() throws {
        let child = try self.launcher.launch(
            Self.order("exit 9"), in: .here, output: self.pipe.writing, before: Self.soon)
        #expect(ChildReaper.reapWaiting(child.process) == .exited(code: 9))
        #expect(ChildReaper.reap(child.process) == nil)
    }

    @Test("a signal is told from a status")
    func signalled() throws {
        let child = try self.launcher.launch(
            Self.order("kill -TERM $$; sleep 9"), in: .here, output: self.pipe.writing,
            before: Self.soon)
        #expect(
            ChildReaper.reapWaiting(child.process) == .signalled(15, dumpedCore: false))
    }

    @Test("a failed launch leaves no child")
    func failed() throws {
        var order = Self.order("exit 0")
        order.executable = "/nonexistent"
        #expect(throws: ChildLauncher.Failure.step(.execute, errorNumber: ENOENT)) {
            try self.launcher.launch(
                order, in: .here, output: self.pipe.writing, before: Self.soon)
        }
        #expect(Processes.matching("/nonexistent").isEmpty)
    }

    @Test(
        "a child that moves itself lives in a group that kills those born into it",
        .enabled(if: GuardHarness.canWriteGroups, "needs writable control groups"))
    func killCounts() throws {
        let name = "hf-test-birth-\(getpid())"
        let own = try ControlGroup.open(try #require(ControlGroupPlace.find()))
        try own.make(name)
        defer { GuardHarness.removeGroup(name) }
        let group = try own.open(name)
        try group.kill()
        // Some kernels kill whoever is born into a group with another kill count than ours.
        do {
            let child = try self.launcher.launch(
                Self.order("exit 0"), in: .directly(group), output: self.pipe.writing,
                before: Self.soon)
            _ = ChildReaper.reapWaiting(child.process)
        } catch {
            #expect(error == .killedAtBirth)
        }
        let child = try self.launcher.launch(
            Self.order("grep -q \(name) /proc/self/cgroup && exit 4"),
            in: .byItself(try group.openProcesses()), output: self.pipe.writing,
            before: Self.soon)
        #expect(ChildReaper.reapWaiting(child.process) == .exited(code: 4))
    }
}
