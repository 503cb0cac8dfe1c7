internal import HoldfastCore
internal import HoldfastJobs

/// From all blocks laid over each other to the checked job.
extension JobFields {
    /// The job that these fields make, with every default filled in.
    ///
    /// `nil` when something is wrong, which has then been reported; what is missing altogether at
    /// `position`, where the job's key stands.
    func completed(at position: SourcePosition, _ diagnosis: inout Diagnosis) -> JobSpec? {
        let before = diagnosis.count
        if self.launch == nil, self.isSound {
            diagnosis.report(position, "the job has nothing to run; give it a 'command' or 'shell'")
        }
        let command = self.words()
        self.checkCounts(command: command, at: position, &diagnosis)
        let restart = self.restartPolicy(&diagnosis)
        guard self.isSound, diagnosis.count == before else { return nil }
        return JobSpec(
            command: command,
            environment: self.environment
                .map { EnvironmentVariable(name: $0.name.value, value: $0.value.value) }
                .sorted { $0.name < $1.name },
            directory: self.directory?.value, user: self.user?.value, group: self.group?.value,
            placement: Placement(
                require: self.require.map(\.value).sorted(),
                prefer: self.prefer.map(\.value).sorted()),
            start: self.start ?? .automatic, restart: restart, stop: self.stopPolicy(),
            onQuorumLoss: self.onQuorumLoss ?? .freeze, freezeLimit: self.freezeLimit?.optional,
            logs: self.logPolicy())
    }

    private func words() -> [String] {
        switch self.launch?.value {
        case .command(let words)?: words.map(\.value)
        case .shell(let line)?: JobSpec.shellWords + [line.value]
        case nil: []
        }
    }

    private func checkCounts(
        command: [String], at position: SourcePosition, _ diagnosis: inout Diagnosis
    ) {
        let place = self.launch?.position ?? position
        let bytes = self.environment.reduce(JobSpec.bytes(of: command)) { sum, variable in
            sum + variable.name.value.utf8.count + variable.value.value.utf8.count + 2
        }
        if bytes > Limits.commandBytes {
            diagnosis.report(
                place,
                "command and environment have \(bytes) bytes together; "
                    + "at most \(Limits.commandBytes) are possible")
        }
        if self.environment.count > Limits.environmentCount {
            diagnosis.report(
                position, "the job has more than \(Limits.environmentCount) variables in 'env'")
        }
        if max(self.require.count, self.prefer.count) > Limits.labelCount {
            diagnosis.report(position, "the job asks for more than \(Limits.labelCount) labels")
        }
    }

    /// A delay given alone moves the other one with it; both given must fit together.
    private func restartPolicy(_ diagnosis: inout Diagnosis) -> RestartPolicy {
        var policy = RestartPolicy()
        policy.condition = self.condition ?? policy.condition
        switch (self.delay, self.maximumDelay) {
        case (let delay?, let maximum?):
            policy.delay = delay.value
            policy.maximumDelay = maximum.value
            if delay.value > maximum.value, self.isSound {
                diagnosis.report(
                    delay.position,
                    "'delay' is \(DurationText.format(delay.value)), which is more than "
                        + "'max_delay', \(DurationText.format(maximum.value))")
            }
        case (let delay?, nil):
            policy.delay = delay.value
            policy.maximumDelay = max(policy.maximumDelay, delay.value)
        case (nil, let maximum?):
            policy.maximumDelay = maximum.value
            policy.delay = min(policy.delay, maximum.value)
        case (nil, nil): break
        }
        policy.giveUp = self.giveUp?.optional
        return policy
    }

    private func stopPolicy() -> StopPolicy {
        let standard = StopPolicy()
        return StopPolicy(
            signal: self.signal ?? standard.signal, grace: self.grace ?? standard.grace)
    }

    private func logPolicy() -> LogPolicy {
        let standard = LogPolicy()
        return LogPolicy(
            fileBytes: self.fileBytes ?? standard.fileBytes,
            fileCount: self.fileCount ?? standard.fileCount)
    }
}

extension JobSpec {
    /// What stands before the line of `shell:`.
    static let shellWords = ["/bin/sh", "-c"]

    /// What counts towards `Limits.commandBytes`.
    var commandBytes: Int {
        self.environment.reduce(Self.bytes(of: self.command)) { sum, variable in
            sum + variable.name.utf8.count + variable.value.utf8.count + 2
        }
    }

    /// Each word ends with a zero byte where execve(2) wants it.
    static func bytes(of command: [String]) -> Int {
        command.reduce(0) { $0 + $1.utf8.count + 1 }
    }
}
