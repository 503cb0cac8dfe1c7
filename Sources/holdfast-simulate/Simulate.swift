import ArgumentParser
import HoldfastCore
import HoldfastSimulation

/// Runs simulated worlds by their seeds, and says which promise was broken where.
@main
struct Simulate: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "holdfast-simulate",
        abstract: "Attacks the protocol with random faults in virtual time.",
        discussion: """
            One seed stands for one world: its hosts, timers, faults and users. The same seed \
            gives the same trace, whose hash is printed.

            With --seed, every event is printed as one line: virtual seconds, host ('*' for the \
            world), subject, what happened. With --seeds, only worlds that broke a promise are \
            printed, then a summary.

            Exit status: 0 if every promise was kept, 1 if one was broken, 64 for a wrong option.
            """)

    @Option(help: "Run one world and print its transcript.")
    var seed: UInt64?

    @Option(help: "Run the worlds of a range of seeds, such as 1..200.")
    var seeds: SeedRange?

    @Option(help: "Virtual seconds of faults in each world, 1 to 86400.")
    var seconds: Int = 60

    @Flag(help: "Stop at the first world that broke a promise.")
    var stop = false

    func validate() throws {
        guard (self.seed == nil) != (self.seeds == nil) else {
            throw ValidationError("give either --seed N or --seeds A..B")
        }
        guard (1...86_400).contains(self.seconds) else {
            throw ValidationError("--seconds must be 1 to 86400, not \(self.seconds)")
        }
    }

    func run() throws {
        if let seed = self.seed {
            try self.runOne(seed)
        } else if let seeds = self.seeds {
            try self.runMany(seeds)
        }
    }

    private func world(_ seed: UInt64, keepsTranscript: Bool) -> World {
        var settings = WorldSettings.random(seed: seed, faultPhase: .seconds(self.seconds))
        settings.keepsTranscript = keepsTranscript
        return World(settings)
    }

    private func runOne(_ seed: UInt64) throws {
        var world = self.world(seed, keepsTranscript: true)
        world.runToEnd()
        for line in world.transcript.lines { print(line) }
        Summary.print(world.figures)
        print("hash \(Summary.hexadecimal(world.transcript.hash))")
        guard let violation = world.violation else { return }
        print("seed \(seed): \(violation)")
        throw ExitCode.failure
    }

    private func runMany(_ seeds: SeedRange) throws {
        var total = Figures()
        var broken = 0
        var hash: UInt64 = 0
        var worst: (seed: UInt64, settling: Duration) = (0, .zero)
        let clock = ContinuousClock()
        let begin = clock.now
        for seed in seeds.range {
            var world = self.world(seed, keepsTranscript: false)
            world.runToEnd()
            total.add(world.figures)
            hash = StableHash.mix(hash ^ world.transcript.hash)
            if world.figures.worstSettling > worst.settling {
                worst = (seed, world.figures.worstSettling)
            }
            guard let violation = world.violation else { continue }
            broken += 1
            print("seed \(seed): \(violation)")
            print("  replay: holdfast-simulate --seed \(seed) --seconds \(self.seconds)")
            if self.stop { break }
        }
        let spent = begin.duration(to: clock.now)
        Summary.print(total)
        Summary.printSpeed(total.virtualTime, spent)
        print("slowest to settle: seed \(worst.seed), \(worst.settling)")
        print("hash of all \(Summary.hexadecimal(hash))")
        print("\(seeds.range.count) seeds, \(broken) of them broke a promise")
        if broken > 0 { throw ExitCode.failure }
    }
}
