import HoldfastLinux

/// What is so from the guard's start to its end, whatever image of its program runs.
struct GuardSetup {
    let options: GuardOptions
    /// Of the process that started it.
    let parentID: Int32
    /// The limits that children get.
    let openFiles: ThisProcess.OpenFiles
    let measured: ContainmentTrial.Measured
    /// Where its program is looked for when it is to be replaced; `nil`: that cannot be told.
    let program: String?
    /// As the process got them, its own name first.
    let arguments: [String]
}
