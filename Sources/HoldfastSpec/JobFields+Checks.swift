internal import HoldfastCore
internal import HoldfastJobs

/// What texts may hold; asked again once a template's `%i` was replaced.
extension JobFields {
    /// Set by Holdfast for every run.
    private static let reserved = [
        "HOLDFAST_KEY", "HOLDFAST_TOKEN", "HOLDFAST_HOST", "HOLDFAST_TICK",
    ]

    func checkTexts(_ diagnosis: inout Diagnosis) {
        self.checkLaunch(&diagnosis)
        self.checkEnvironment(&diagnosis)
        if let directory = self.directory {
            if !directory.value.hasPrefix("/") {
                diagnosis.report(
                    directory.position,
                    "'directory' is \(quoted(directory.value)), which does not begin with '/'")
            } else if directory.value.utf8.count >= Limits.textBytes {
                diagnosis.report(directory.position, "'directory' is longer than any path")
            }
        }
        if let user = self.user { diagnosis.checkAccount(user, of: "user") }
        if let group = self.group { diagnosis.checkAccount(group, of: "group") }
        for label in self.require + self.prefer { diagnosis.checkLabelValue(label) }
    }

    private func checkLaunch(_ diagnosis: inout Diagnosis) {
        switch self.launch?.value {
        case .shell(let line)?:
            if line.value.allSatisfy(\.isWhitespace) {
                diagnosis.report(line.position, "'shell' is empty")
            }
        case .command(let words)?:
            let program = words[0]
            if program.value.isEmpty {
                diagnosis.report(program.position, "the first word of 'command' is empty")
            } else if program.value.contains("/"), !program.value.hasPrefix("/") {
                diagnosis.report(
                    program.position,
                    "\(quoted(program.value)) is a relative path; "
                        + "give an absolute one, or a name to look for in PATH")
            }
        case nil: break
        }
    }

    private func checkEnvironment(_ diagnosis: inout Diagnosis) {
        for variable in self.environment {
            let name = variable.name
            if !(1...Limits.variableNameBytes).contains(name.value.utf8.count)
                || name.value.contains("=") || holdsControl(name.value)
            {
                diagnosis.report(
                    name.position,
                    "\(quoted(name.value)) cannot be the name of a variable: a name has 1 to "
                        + "\(Limits.variableNameBytes) bytes, no '=' and no control characters")
            } else if Self.reserved.contains(name.value) {
                diagnosis.report(name.position, "'\(name.value)' is set by Holdfast itself")
            }
        }
    }
}
