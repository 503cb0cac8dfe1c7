internal import FoundationEssentials
internal import Glibc
internal import HoldfastCore
internal import HoldfastSessions
internal import HoldfastSpec

/// The directory of a development cluster: one folder per host, locked while it runs.
///
///     D/dev.lock
///     D/h1/holdfast.yaml  holdfast.sock  guard.sock  data/  logs/
///     D/h2/…
///
/// What a first start wrote, a later start takes as it is: hosts, ports and term belong to the
/// cluster that lives there.
struct DevDirectory {
    struct Host {
        var name: String
        var folder: String
        var configuration: HostConfiguration
    }

    struct Wishes {
        /// `nil`: what is there, or three.
        var hosts: Int?
        /// `nil`: what is there, or six seconds.
        var term: Duration?
        var basePort: UInt16
    }

    let path: String
    /// Whether we made it for this one time.
    let isTemporary: Bool
    private(set) var hosts: [Host] = []
    private let lock: CInt

    /// Makes or opens the directory, locks it, and sees to a configuration for each host.
    ///
    /// - Throws: `CommandFailure` if it is in use or not to be had, `InvalidFile` if a
    ///   configuration there has mistakes.
    init(_ path: String?, _ wishes: Wishes) throws {
        self.isTemporary = path == nil
        self.path = try path.map(Self.make) ?? Self.makeTemporary()
        self.lock = try Self.lock(self.path)
        do {
            self.hosts = try self.prepare(wishes)
        } catch {
            self.close()
            throw error
        }
    }

    /// Gives the directory back, and removes it if it was only for this time.
    func close() {
        if self.isTemporary { try? FileManager.default.removeItem(atPath: self.path) }
        Glibc.close(self.lock)
    }

    // MARK: - The directory

    private static func make(_ path: String) throws(CommandFailure) -> String {
        guard mkdir(path, 0o755) == 0 || errno == EEXIST else {
            throw .system(
                "cannot make \(path)", next: "give another --directory",
                exitStatus: .cannotCreate)
        }
        guard let absolute = realpath(path, nil) else {
            throw .system(
                "cannot enter \(path)", next: "give another --directory",
                exitStatus: .cannotCreate)
        }
        defer { free(absolute) }
        return String(cString: absolute)
    }

    private static func makeTemporary() throws(CommandFailure) -> String {
        let place = getenv("TMPDIR").map { String(cString: $0) } ?? ""
        let folder = place.hasPrefix("/") ? place : "/tmp"
        var template = Array("\(folder)/holdfast-dev.XXXXXX".utf8CString)
        guard mkdtemp(&template) != nil else {
            throw .system(
                "cannot make a directory in \(folder)", next: "give one with --directory",
                exitStatus: .cannotCreate)
        }
        let path = String(decoding: template.dropLast().map(UInt8.init(bitPattern:)), as: UTF8.self)
        // Jobs may run as other users, and have to get through to the folders that are theirs.
        chmod(path, 0o755)
        return path
    }

    private static func lock(_ path: String) throws(CommandFailure) -> CInt {
        let lock = open(path + "/dev.lock", O_RDWR | O_CREAT | O_CLOEXEC, 0o600)
        guard lock >= 0 else {
            throw .system(
                "cannot write into \(path)", next: "give another --directory",
                exitStatus: .cannotCreate)
        }
        guard flock(lock, LOCK_EX | LOCK_NB) == 0 else {
            Glibc.close(lock)
            throw CommandFailure(
                what: "cannot use \(path)", why: "another 'holdfast dev' uses it",
                next: "end that one, or give another --directory", exitStatus: .temporary)
        }
        return lock
    }

    // MARK: - The hosts

    private func prepare(_ wishes: Wishes) throws -> [Host] {
        let longest = "\(self.path)/h\(Limits.voterCount)/holdfast.sock"
        guard longest.utf8.count <= Limits.socketPathBytes else {
            throw CommandFailure(
                what: "cannot use \(self.path)",
                why: "a socket's path has at most \(Limits.socketPathBytes) bytes",
                next: "give a --directory with a shorter path", exitStatus: .cannotCreate)
        }
        if let first = try self.read("h1") { return try self.takeUp(first, wishes) }
        let ports = try DevPorts.free(wishes.hosts ?? 3, from: wishes.basePort)
        return try self.write(ports, term: wishes.term ?? .seconds(6))
    }

    /// A directory that was used before: its hosts are as they were.
    private func takeUp(_ first: HostConfiguration, _ wishes: Wishes) throws -> [Host] {
        let count = first.cluster.size
        if let wanted = wishes.hosts, wanted != count {
            throw self.mismatch("it holds \(count) hosts", "--hosts \(count)")
        }
        if let wanted = wishes.term, wanted != first.lease.term {
            let term = DurationText.format(first.lease.term)
            throw self.mismatch("its lease has a term of \(term)", "--term \(term)")
        }
        let names = (1...count).map { "h\($0)" }
        guard first.voters.map(\.text) == names.sorted() else {
            throw self.mismatch("its hosts are not \(names.joined(separator: ", "))", "none")
        }
        let ports = Dictionary(
            uniqueKeysWithValues: first.cluster.peers.map { ($0.name.text, $0.address.port) }
                + [("h1", first.listen?.port ?? 0)])
        for name in names where count > 1 && !DevPorts.isFree(ports[name] ?? 0) {
            throw CommandFailure(
                what: "cannot use \(self.path)",
                why: "port \(ports[name] ?? 0) of \(name) is taken by another program",
                next: "end that program, or give another --directory", exitStatus: .unavailable)
        }
        // A start that was cut short may have left some hosts out.
        return try self.write(names.map { ports[$0] ?? 0 }, term: first.lease.term)
    }

    private func write(_ ports: [UInt16], term: Duration) throws -> [Host] {
        let voters = ports.enumerated().map { (name: "h\($0.offset + 1)", port: $0.element) }
        // The first is written last: where it is, all are.
        return try voters.reversed().map { voter in
            let folder = "\(self.path)/\(voter.name)"
            if try self.read(voter.name) == nil {
                try Self.makeFolders(folder)
                let text = DevConfiguration.text(voter.name, of: voters, term: term)
                try Self.save(text, as: folder + "/holdfast.yaml")
            }
            guard let configuration = try self.read(voter.name) else {
                throw self.mismatch("\(voter.name)/holdfast.yaml has gone", "none")
            }
            return Host(name: voter.name, folder: folder, configuration: configuration)
        }.reversed()
    }

    private func mismatch(_ why: String, _ option: String) -> CommandFailure {
        CommandFailure(
            what: "cannot use \(self.path)", why: why,
            next: option == "none"
                ? "give another --directory"
                : "leave the option out, say \(option), or give another --directory",
            exitStatus: .usage)
    }

    private func read(_ name: String) throws -> HostConfiguration? {
        let file = "\(self.path)/\(name)/holdfast.yaml"
        guard access(file, F_OK) == 0 else { return nil }
        return try HostConfiguration.read(bytes: try InputFile.read(file), file: file)
    }

    private static func makeFolders(_ folder: String) throws(CommandFailure) {
        for path in [folder, folder + "/logs"] {
            guard mkdir(path, 0o755) == 0 || errno == EEXIST else {
                throw .system(
                    "cannot make \(path)", next: "give another --directory",
                    exitStatus: .cannotCreate)
            }
        }
    }

    /// Whole or not at all, whenever we are ended.
    private static func save(_ text: String, as file: String) throws(CommandFailure) {
        let bytes = Array(text.utf8)
        let draft = file + ".new"
        let descriptor = open(draft, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0o644)
        let isWritten =
            descriptor >= 0 && Glibc.write(descriptor, bytes, bytes.count) == bytes.count
        let number = errno
        if descriptor >= 0 { Glibc.close(descriptor) }
        guard isWritten, rename(draft, file) == 0 else {
            errno = isWritten ? errno : number
            throw .system(
                "cannot write \(file)", next: "give another --directory",
                exitStatus: .cannotCreate)
        }
    }
}
