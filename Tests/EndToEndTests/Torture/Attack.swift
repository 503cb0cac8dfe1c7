/// What is done to three hosts in one round.
enum Attack: CaseIterable {
    case killChild
    case endChild
    case killAgent
    case killGuard
    case killHost
    case pauseAgent
    case pauseGuard
    case stopHost
    case killTwoHosts
    case killTwoAgents
    case pauseTwoAgents
    case killAllAgents
    case killChildAndAgent
    case pauseHost
    case killGuardUnderPausedAgent
}
