package import HoldfastSpec

/// The body of `PUT /v1/jobs`: every job of one file, in its order.
package struct ApplyRequest: Codable, Sendable {
    package struct Job: Codable, Sendable {
        package var key: String
        package var job: JobDocument

        package init(key: String, job: JobDocument) {
            self.key = key
            self.job = job
        }
    }

    package var jobs: [Job]

    package init(jobs: [Job]) {
        self.jobs = jobs
    }
}

/// What became of each job of a file, in its order.
package struct ApplyResult: Codable, Hashable, Sendable {
    package enum Outcome: String, Codable, Hashable, Sendable, CaseIterable {
        case created, changed, unchanged, failed
        /// Asked, but no quorum confirmed it in time; it may come true.
        case unknown
    }

    package struct Row: Codable, Hashable, Sendable {
        package var key: String
        package var outcome: Outcome
        package var error: String?

        package init(key: String, outcome: Outcome, error: String? = nil) {
            self.key = key
            self.outcome = outcome
            self.error = error
        }
    }

    package var results: [Row]

    package init(results: [Row]) {
        self.results = results
    }
}
