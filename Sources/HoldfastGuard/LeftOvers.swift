import HoldfastCore
import HoldfastLinux

/// Ends all runs of a guard whose program cannot tell what they are.
enum LeftOvers {
    /// What is found by where and whose they are: the groups beside the one that this process is
    /// in, its descendants, and what bears the mark of its name.
    ///
    /// - Parameter arguments: Of the process, its own name first.
    static func end(_ arguments: [String]) {
        let name = Self.name(arguments)
        // Started by hand, this is no guard's later image, and there is nothing to end.
        if ThisProcess.hasChildren {
            do {
                try ProcessTree.endEverything(name: name)
            } catch {
                Notice.write("not all descendants ended", ["why": error.why])
            }
        }
        guard let place = ControlGroupPlace.find(), place.hasSuffix("/\(name)/guard") else {
            return
        }
        do {
            let runs = try ControlGroup.open(place.dropLast("guard".count) + "runs")
            try ControlGroupTree.empty(runs)
        } catch {
            Notice.write("not all control groups are empty", ["why": error.why])
        }
    }

    private static func name(_ arguments: [String]) -> String {
        let options = arguments.dropFirst().filter { argument in
            !argument.hasPrefix(GuardOptions.resumeOption)
        }
        guard case .serve(let found)? = try? GuardOptions.parse(Array(options)) else { return "" }
        return found.name
    }
}
