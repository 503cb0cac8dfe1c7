import HoldfastAPI
import HoldfastCore
import HoldfastJobs
import HoldfastNode

/// Declares the jobs of one file, so many at a time, and says what became of each.
final class ApplyRun {
    private let jobs: [(Key, JobSpec)]
    private let driver: HostDriver
    private let width: Int
    private let finish: ([ApplyResult.Row]) -> Void
    private var rows: [ApplyResult.Row?]
    private var next = 0
    private var left: Int

    init(
        jobs: [(Key, JobSpec)], driver: HostDriver, width: Int,
        finish: @escaping ([ApplyResult.Row]) -> Void
    ) {
        self.jobs = jobs
        self.driver = driver
        self.width = width
        self.finish = finish
        self.rows = Array(repeating: nil, count: jobs.count)
        self.left = jobs.count
    }

    func start() {
        guard !self.jobs.isEmpty else {
            self.finish([])
            return
        }
        for _ in 0..<min(self.width, self.jobs.count) { self.declareNext() }
    }

    private func declareNext() {
        guard self.next < self.jobs.count else { return }
        let index = self.next
        self.next += 1
        let (key, spec) = self.jobs[index]
        let wasDeclared = self.driver.node.knowledge.keys[key]?.record.job != nil
        self.driver.ask(.change(key, .declare(spec))) { response in
            self.rows[index] = Self.row(key, response, wasDeclared: wasDeclared)
            self.left -= 1
            if self.left == 0 {
                self.finish(self.rows.compactMap { $0 })
            } else {
                self.declareNext()
            }
        }
    }

    private static func row(
        _ key: Key, _ response: NodeResponse, wasDeclared: Bool
    ) -> ApplyResult.Row {
        switch response {
        case .chosen:
            ApplyResult.Row(key: key.text, outcome: wasDeclared ? .changed : .created)
        case .refused(.already, _): ApplyResult.Row(key: key.text, outcome: .unchanged)
        case .refused(let refusal, _):
            ApplyResult.Row(key: key.text, outcome: .failed, error: "refused: \(refusal)")
        case .unknown:
            ApplyResult.Row(
                key: key.text, outcome: .unknown,
                error: "no quorum confirmed it in time; it may yet come true")
        case .noQuorum:
            ApplyResult.Row(
                key: key.text, outcome: .failed, error: "no quorum; nothing was changed")
        }
    }
}
