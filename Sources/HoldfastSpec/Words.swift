internal import HoldfastJobs

// How the choices of a job are written in a file.

extension StartMode {
    var word: String {
        switch self {
        case .automatic: "automatic"
        case .onDemand: "on-demand"
        }
    }
}

extension RestartPolicy.Condition {
    var word: String {
        switch self {
        case .always: "always"
        case .onFailure: "on-failure"
        case .never: "never"
        }
    }
}

extension QuorumLossAction {
    var word: String {
        switch self {
        case .freeze: "freeze"
        case .stop: "stop"
        case .kill: "kill"
        }
    }
}
