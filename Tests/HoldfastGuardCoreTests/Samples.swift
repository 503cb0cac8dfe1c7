import HoldfastCore
import HoldfastGuardCore

/// Values of every shape, for tests of the frames and of the machine.
enum Samples {
    static let session = GuardSession(
        epoch: 7, nonce: Nonce(high: 1, low: .max), owner: AcceptorID(high: 3, low: 4),
        fencingBudget: .seconds(4), wakeUpDelay: .milliseconds(200))

    static let name = RunName(key: "shop/billing", token: 41)

    static func order(
        _ name: RunName = name, epoch: Epoch = 7, onDeadline: DeadlineAction = .freeze,
        freezeLimit: Duration? = .seconds(60), userID: UInt32 = 1000
    ) -> LaunchOrder {
        LaunchOrder(
            name: name, epoch: epoch, executable: "/bin/sh", arguments: ["sh", "-c", "", "ü"],
            environment: ["A=1", "EMPTY="], directory: "/", userID: userID, groupID: 1000,
            supplementaryGroups: [4, 24, 27], stopSignal: 15, stopGrace: .seconds(10),
            onDeadline: onDeadline, freezeLimit: freezeLimit)
    }

    static func moment(_ milliseconds: Int64) -> Moment {
        Moment(
            boot: milliseconds * 1_000_000, monotonic: milliseconds * 1_000_000,
            raw: milliseconds * 1_000_000)
    }

    static let requests: [GuardRequest] = [
        .adopt(session),
        .renew(
            epoch: 7, sequence: 9, GuardDeadlines(soft: moment(3600), hard: moment(4200))),
        .launch(order()),
        .launch(order(freezeLimit: nil)),
        .stop(name, immediately: false),
        .stop(name, immediately: true),
        .burn(name),
        .settle(name),
        .retire(epoch: .max),
    ]

    static func hello(runs: [LiveRun], session: GuardSession? = session) -> GuardHello {
        GuardHello(
            agentNumber: 3, incarnation: 0xFEED_FACE, containment: .cgroup, session: session,
            isFenced: true, isEnding: false, retiredThrough: 6, runs: runs)
    }

    static let reports: [GuardReport] = [
        .hello(hello(runs: [])),
        .hello(hello(runs: [LiveRun(name: name, processID: 123)], session: nil)),
        .adopted(epoch: 7),
        .renewed(epoch: 7, sequence: 9, isFenced: true),
        .launched(name, processID: 4711),
        .refused(name, .keyInUse),
        .launchFailed(name, step: .execute, errorNumber: 2),
        .exited(
            name, RunEnd(status: .exited(code: 255), cause: .itself, ran: .milliseconds(1))),
        .exited(
            name,
            RunEnd(
                status: .signalled(11, dumpedCore: true), cause: .outOfMemory, ran: .zero)),
        .burned(name),
        .retired(epoch: 7),
        .fenced(epoch: 7),
        .ending,
    ]
}
