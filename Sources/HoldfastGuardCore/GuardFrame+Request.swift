import HoldfastCore

extension GuardFrame {
    /// Verbs of requests; the numbers are the format.
    private enum Verb: UInt8 {
        case adopt = 1
        case renew = 2
        case launch = 3
        case stop = 4
        case burn = 5
        case settle = 6
        case retire = 7
    }

    /// - Throws: What the guard would refuse to read: a key, text or command out of bounds.
    package static func encode(_ request: GuardRequest) throws(GuardFrameError) -> [UInt8] {
        switch request {
        case .adopt(let session):
            var writer = Self.begin(Verb.adopt.rawValue)
            try writer.session(session)
            return try writer.finished()
        case .renew(let epoch, let sequence, let deadlines):
            var writer = Self.begin(Verb.renew.rawValue)
            writer.integer(epoch)
            writer.integer(sequence)
            try writer.moment(deadlines.soft)
            try writer.moment(deadlines.hard)
            return try writer.finished()
        case .launch(let order):
            var writer = Self.begin(Verb.launch.rawValue)
            try writer.order(order)
            return try writer.finished()
        case .stop(let name, let immediately):
            var writer = Self.begin(Verb.stop.rawValue)
            try writer.runName(name)
            writer.flag(immediately)
            return try writer.finished()
        case .burn(let name):
            var writer = Self.begin(Verb.burn.rawValue)
            try writer.runName(name)
            return try writer.finished()
        case .settle(let name):
            var writer = Self.begin(Verb.settle.rawValue)
            try writer.runName(name)
            return try writer.finished()
        case .retire(let epoch):
            var writer = Self.begin(Verb.retire.rawValue)
            writer.integer(epoch)
            return try writer.finished()
        }
    }

    package static func decodeRequest(_ bytes: [UInt8]) throws(GuardFrameError) -> GuardRequest {
        var (number, reader) = try Self.open(bytes)
        guard let verb = Verb(rawValue: number) else { throw .unknownVerb(number) }
        let request: GuardRequest
        switch verb {
        case .adopt: request = .adopt(try reader.session())
        case .renew:
            request = .renew(
                epoch: try reader.integer(), sequence: try reader.integer(),
                GuardDeadlines(soft: try reader.moment(), hard: try reader.moment()))
        case .launch: request = .launch(try reader.order())
        case .stop: request = .stop(try reader.runName(), immediately: try reader.flag())
        case .burn: request = .burn(try reader.runName())
        case .settle: request = .settle(try reader.runName())
        case .retire: request = .retire(epoch: try reader.integer())
        }
        try reader.finish()
        return request
    }
}

extension ByteWriter {
    fileprivate mutating func order(_ order: LaunchOrder) throws(GuardFrameError) {
        try self.runName(order.name)
        self.integer(order.epoch)
        guard order.isWellFormed else { throw .invalid(.text) }
        try self.text(order.executable, upTo: Limits.textBytes, .text)
        try self.texts(
            order.arguments, count: Limits.argumentCount, size: Limits.commandBytes, .arguments)
        try self.texts(
            order.environment, count: Limits.environmentCount,
            size: Limits.commandBytes - order.argumentBytes, .environment)
        try self.text(order.directory, upTo: Limits.textBytes, .text)
        self.integer(order.userID)
        self.integer(order.groupID)
        guard order.supplementaryGroups.count <= Limits.groupCount else { throw .tooLong(.groups) }
        self.integer(UInt32(order.supplementaryGroups.count))
        for group in order.supplementaryGroups { self.integer(group) }
        guard LaunchOrder.signals.contains(order.stopSignal) else { throw .invalid(.signal) }
        self.integer(order.stopSignal)
        try self.span(order.stopGrace)
        self.integer(order.onDeadline.rawValue)
        self.flag(order.freezeLimit != nil)
        if let limit = order.freezeLimit { try self.span(limit) }
    }
}

extension ByteReader {
    fileprivate mutating func order() throws(GuardFrameError) -> LaunchOrder {
        var order = LaunchOrder(
            name: try self.runName(), epoch: try self.integer(),
            executable: try self.text(upTo: Limits.textBytes, .text),
            arguments: try self.texts(
                count: Limits.argumentCount, size: Limits.commandBytes, .arguments),
            environment: [], directory: "", userID: 0, groupID: 0, supplementaryGroups: [],
            stopSignal: 0, stopGrace: .zero, onDeadline: .freeze, freezeLimit: nil)
        order.environment = try self.texts(
            count: Limits.environmentCount, size: Limits.commandBytes - order.argumentBytes,
            .environment)
        order.directory = try self.text(upTo: Limits.textBytes, .text)
        guard order.isWellFormed else { throw .invalid(.text) }
        order.userID = try self.integer()
        order.groupID = try self.integer()
        order.supplementaryGroups = try self.groups()
        order.stopSignal = try self.integer()
        guard LaunchOrder.signals.contains(order.stopSignal) else { throw .invalid(.signal) }
        order.stopGrace = try self.span()
        order.onDeadline = try self.value(.action)
        if try self.flag() { order.freezeLimit = try self.span() }
        return order
    }

    private mutating func groups() throws(GuardFrameError) -> [UInt32] {
        let count = Int(try self.integer(UInt32.self))
        guard count <= Limits.groupCount else { throw .tooLong(.groups) }
        guard self.remaining >= count * 4 else { throw .truncated }
        var groups: [UInt32] = []
        groups.reserveCapacity(count)
        for _ in 0..<count { groups.append(try self.integer()) }
        return groups
    }
}

extension LaunchOrder {
    /// What kill(2) takes, without 0, which asks and does not end anything.
    package static let signals: ClosedRange<Int32> = 1...64

    /// Arguments as execve(2) counts them, each with its NUL.
    fileprivate var argumentBytes: Int {
        self.arguments.reduce(0) { sum, text in sum + text.utf8.count + 1 }
    }

    /// Whether there is something to execute and somewhere to do it.
    fileprivate var isWellFormed: Bool {
        !self.executable.isEmpty && !self.arguments.isEmpty && !self.directory.isEmpty
            && self.userID != .max && self.groupID != .max
    }
}
