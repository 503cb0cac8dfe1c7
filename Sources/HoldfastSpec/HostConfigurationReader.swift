internal import HoldfastCore
internal import HoldfastJobs
internal import HoldfastSessions

/// From a tree to a host's configuration.
struct HostConfigurationReader {
    private static let fields = [
        "name", "labels", "data", "logs", "socket", "guard_socket", "listen", "insecure", "users",
        "cluster", "lease",
    ]
    private static let refused: [String: FieldRefusal] = [
        "size": .belongs(under: "cluster"), "hosts": .belongs(under: "cluster"),
        "term": .belongs(under: "lease"), "heartbeat": .belongs(under: "lease"),
        "fence": .belongs(under: "lease"), "tls": .unsupported, "discovery": .unsupported,
        "host": .means("name"), "address": .means("listen"), "data_directory": .means("data"),
    ]

    private let root: YAMLNode
    private let table: FieldTable
    private let folder: String

    /// - Returns: The configuration; `nil` when something was wrong, which is then reported.
    static func read(
        _ bytes: [UInt8], _ diagnosis: inout Diagnosis
    ) -> HostConfiguration? {
        guard let root = YAMLReader.read(bytes, beginsWith: "name: HOST", &diagnosis) else {
            return nil
        }
        guard case .mapping = root.content else {
            diagnosis.report(root.position, "a host's configuration is a mapping")
            return nil
        }
        let table = FieldTable(
            root, of: "a host's configuration", known: Self.fields, refused: Self.refused,
            &diagnosis)
        let folder = diagnosis.file.lastIndex(of: "/").map { String(diagnosis.file[...$0]) } ?? ""
        return Self(root: root, table: table, folder: folder).configuration(&diagnosis)
    }

    private func configuration(_ diagnosis: inout Diagnosis) -> HostConfiguration? {
        let name = self.name(&diagnosis)
        let labels = self.labels(&diagnosis)
        let data = self.path("data", default: "data", &diagnosis)
        let logs = self.path("logs", default: "logs", &diagnosis)
        let socket = self.socket("socket", default: "holdfast.sock", &diagnosis)
        let guardSocket = self.socket("guard_socket", default: "guard.sock", &diagnosis)
        let insecure = self.table["insecure"].map { diagnosis.boolean($0, of: "insecure") } ?? false
        let users = self.users(&diagnosis)
        let lease = self.lease(&diagnosis)
        let listen = self.table["listen"].flatMap {
            diagnosis.address($0, of: "listen", isInsecure: insecure ?? true)
        }
        let cluster = ClusterReader(name: name?.value, listen: listen, isInsecure: insecure ?? true)
            .read(
                self.table["cluster"], root: self.root, hasListen: self.table["listen"] != nil,
                &diagnosis)
        guard let name, let data, let logs, let socket, let guardSocket, let insecure, let users,
            let lease, let cluster
        else { return nil }
        self.checkPaths(
            data: data, logs: logs, socket: socket, guardSocket: guardSocket, &diagnosis)
        return HostConfiguration(
            name: name.value, labels: labels, dataDirectory: data, logsDirectory: logs,
            socket: socket, guardSocket: guardSocket, listen: listen?.value, isInsecure: insecure,
            users: users, cluster: cluster, lease: lease)
    }

    private func name(_ diagnosis: inout Diagnosis) -> Located<HostName>? {
        guard let node = self.table["name"] else {
            diagnosis.report(self.root.position, "'name' is missing: the name of this host")
            return nil
        }
        guard let text = diagnosis.text(node, of: "name") else { return nil }
        return diagnosis.hostName(text).map { Located(value: $0, position: text.position) }
    }

    private func labels(_ diagnosis: inout Diagnosis) -> [Label] {
        let labels = diagnosis.labels(self.table["labels"], of: "labels")
        for label in labels {
            if label.value.name == "host" {
                diagnosis.report(label.position, "the label 'host' is always the host's own name")
            } else {
                diagnosis.checkLabelValue(label)
            }
        }
        return labels.map(\.value)
    }

    private func path(
        _ field: String, default standard: String, _ diagnosis: inout Diagnosis
    ) -> String? {
        guard let node = self.table[field] else { return self.folder + standard }
        guard let text = diagnosis.text(node, of: field) else { return nil }
        guard !text.value.isEmpty, text.value.utf8.count < Limits.textBytes,
            !holdsControl(text.value)
        else {
            diagnosis.report(text.position, "'\(field)' is \(quoted(text.value)), which is no path")
            return nil
        }
        return text.value.hasPrefix("/") ? text.value : self.folder + text.value
    }

    private func socket(
        _ field: String, default standard: String, _ diagnosis: inout Diagnosis
    ) -> String? {
        guard let path = self.path(field, default: standard, &diagnosis) else { return nil }
        guard path.utf8.count <= Limits.socketPathBytes else {
            diagnosis.report(
                self.table[field]?.position ?? self.root.position,
                "'\(field)' is \(quoted(path, atMost: 300)), which has \(path.utf8.count) bytes; the path of a "
                    + "socket has at most \(Limits.socketPathBytes)")
            return nil
        }
        return path
    }

    private func checkPaths(
        data: String, logs: String, socket: String, guardSocket: String,
        _ diagnosis: inout Diagnosis
    ) {
        var seen: [String: String] = [:]
        for (field, path) in [
            ("data", data), ("logs", logs), ("socket", socket), ("guard_socket", guardSocket),
        ] {
            if let other = seen.updateValue(field, forKey: path) {
                let place = self.table[field] ?? self.table[other] ?? self.root
                diagnosis.report(
                    place.position, "'\(other)' and '\(field)' are both \(quoted(path))")
            }
        }
    }

    private func users(_ diagnosis: inout Diagnosis) -> HostConfiguration.AllowedUsers? {
        guard let node = self.table["users"] else { return .own }
        guard case .sequence(let items) = node.content else {
            if case .scalar("any", _) = node.content { return .any }
            diagnosis.report(node.position, "'users' is a list of users, or the word 'any'")
            return nil
        }
        guard !items.isEmpty else {
            diagnosis.report(
                node.position,
                "'users' is empty: nothing could run; leave it out to allow the agent's own user")
            return nil
        }
        var names: [String] = []
        for (index, item) in items.enumerated() {
            guard let text = diagnosis.text(item, of: "users[\(index)]") else { continue }
            diagnosis.checkAccount(text, of: "users[\(index)]")
            if names.contains(text.value) {
                diagnosis.report(text.position, "\(quoted(text.value)) is given twice")
            }
            guard names.count < Limits.allowedUserCount else {
                diagnosis.report(
                    text.position, "'users' has more than \(Limits.allowedUserCount) entries")
                return nil
            }
            names.append(text.value)
        }
        return .only(names)
    }

    /// All settings follow from the term where they are not given.
    private func lease(_ diagnosis: inout Diagnosis) -> LeaseSettings? {
        let node = self.table["lease"]
        let before = diagnosis.count
        let table = FieldTable(
            node ?? .mapping([]), of: "lease", known: LeaseSettings.Field.allCases.map(\.rawValue),
            &diagnosis)
        func duration(_ field: LeaseSettings.Field) -> Duration? {
            table[field.rawValue].flatMap { diagnosis.duration($0, of: field.rawValue)?.value }
        }
        var lease = LeaseSettings.defaults(term: duration(.term) ?? .seconds(6))
        lease.heartbeat = duration(.heartbeat) ?? lease.heartbeat
        lease.soft = duration(.soft) ?? lease.soft
        lease.fence = duration(.fence) ?? lease.fence
        lease.wakeUp = duration(.wakeUp) ?? lease.wakeUp
        lease.kill = duration(.kill) ?? lease.kill
        if let rate = table[LeaseSettings.Field.clockRateBound.rawValue] {
            lease.clockRateBound =
                diagnosis.fraction(rate, of: LeaseSettings.Field.clockRateBound.rawValue)
                ?? lease.clockRateBound
        }
        guard diagnosis.count == before else { return nil }
        for mistake in lease.check() {
            let place = table[mistake.field.rawValue] ?? node ?? self.root
            diagnosis.report(place.position, mistake.message)
        }
        return lease
    }
}
