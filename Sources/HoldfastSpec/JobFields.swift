internal import HoldfastJobs

/// What one block of a jobs file says: a job, a template or the defaults; possibly not everything.
///
/// Blocks are laid over each other (job over template over defaults) and then completed.
struct JobFields: Sendable {
    enum Launch: Sendable {
        /// Not empty.
        case command([Located<String>])
        case shell(Located<String>)
    }

    /// A setting that can also be switched off, so that a job can undo a default.
    enum OrNever<Value: Sendable>: Sendable {
        case never
        case value(Value)

        var optional: Value? {
            switch self {
            case .never: nil
            case .value(let value): value
            }
        }
    }

    struct Variable: Sendable {
        var name: Located<String>
        var value: Located<String>
    }

    var launch: Located<Launch>?
    var environment: [Variable] = []
    var directory: Located<String>?
    var user: Located<String>?
    var group: Located<String>?
    var require: [Located<Label>] = []
    var prefer: [Located<Label>] = []
    var start: StartMode?
    var condition: RestartPolicy.Condition?
    var delay: Located<Duration>?
    var maximumDelay: Located<Duration>?
    var giveUp: OrNever<RestartPolicy.GiveUp>?
    var signal: Int32?
    var grace: Duration?
    var onQuorumLoss: QuorumLossAction?
    var freezeLimit: OrNever<Duration>?
    var fileBytes: UInt64?
    var fileCount: UInt32?
    /// False when something in the block was wrong, which has then been reported.
    var isSound = true

    /// This block, with what it leaves open taken from `base`.
    ///
    /// Mappings are joined name by name; a command is taken or left as a whole.
    func over(_ base: Self) -> Self {
        var result = self
        result.launch = self.launch ?? base.launch
        result.environment = Self.join(self.environment, base.environment, by: \.name.value)
        result.directory = self.directory ?? base.directory
        result.user = self.user ?? base.user
        result.group = self.group ?? base.group
        result.require = Self.join(self.require, base.require, by: \.value.name)
        result.prefer = Self.join(self.prefer, base.prefer, by: \.value.name)
        result.start = self.start ?? base.start
        result.condition = self.condition ?? base.condition
        result.delay = self.delay ?? base.delay
        result.maximumDelay = self.maximumDelay ?? base.maximumDelay
        result.giveUp = self.giveUp ?? base.giveUp
        result.signal = self.signal ?? base.signal
        result.grace = self.grace ?? base.grace
        result.onQuorumLoss = self.onQuorumLoss ?? base.onQuorumLoss
        result.freezeLimit = self.freezeLimit ?? base.freezeLimit
        result.fileBytes = self.fileBytes ?? base.fileBytes
        result.fileCount = self.fileCount ?? base.fileCount
        result.isSound = self.isSound && base.isSound
        return result
    }

    private static func join<Item>(
        _ own: [Item], _ base: [Item], by name: (Item) -> String
    ) -> [Item] {
        let taken = Set(own.map(name))
        return own + base.filter { !taken.contains(name($0)) }
    }
}
