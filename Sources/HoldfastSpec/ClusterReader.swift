internal import HoldfastCore

/// Reads `cluster`, and checks that this host is one of it.
struct ClusterReader {
    let name: HostName?
    let listen: Located<PeerAddress>?
    let isInsecure: Bool

    private struct Entry {
        var name: HostName
        var position: SourcePosition
        var address: PeerAddress
    }

    func read(
        _ node: YAMLNode?, root: YAMLNode, hasListen: Bool, _ diagnosis: inout Diagnosis
    ) -> HostConfiguration.Cluster? {
        guard let node else {
            diagnosis.report(root.position, "'cluster' is missing: its 'name' and 'size'")
            return nil
        }
        let table = FieldTable(node, of: "cluster", known: ["name", "size", "hosts"], &diagnosis)
        let name = self.clusterName(table["name"], at: node.position, &diagnosis)
        let size = self.size(table["size"], at: node.position, &diagnosis)
        if let size, size > 1, !hasListen {
            diagnosis.report(
                root.position, "'listen' is missing: a cluster of \(size) needs an address here")
        }
        guard let hosts = table["hosts"] else {
            if let size, size > 1 {
                diagnosis.report(
                    node.position, "'hosts' is missing: all \(size) voters, by name and address")
            }
            guard let name, let size else { return nil }
            return HostConfiguration.Cluster(name: name, size: size, peers: [])
        }
        let entries = self.entries(hosts, &diagnosis)
        if let entries { self.check(entries, of: hosts, size: size, &diagnosis) }
        guard let name, let size, let entries else { return nil }
        let peers = entries.filter { $0.name != self.name }.sorted { $0.name < $1.name }
        return HostConfiguration.Cluster(
            name: name, size: size,
            peers: peers.map { HostConfiguration.Peer(name: $0.name, address: $0.address) })
    }

    /// A cluster's name is made like a host's.
    private func clusterName(
        _ node: YAMLNode?, at position: SourcePosition, _ diagnosis: inout Diagnosis
    ) -> String? {
        guard let node else {
            diagnosis.report(position, "'name' is missing in cluster")
            return nil
        }
        guard let text = diagnosis.text(node, of: "name") else { return nil }
        do throws(InvalidName) {
            return try HostName(text.value).text
        } catch {
            diagnosis.report(
                text.position,
                "\(quoted(text.value)) cannot name a cluster: as for hosts, \(error.reason)")
            return nil
        }
    }

    private func size(
        _ node: YAMLNode?, at position: SourcePosition, _ diagnosis: inout Diagnosis
    ) -> Int? {
        guard let node else {
            diagnosis.report(position, "'size' is missing in cluster: how many hosts vote")
            return nil
        }
        return diagnosis.integer(node, of: "size", in: 1...Int64(Limits.voterCount))
            .map { Int($0) }
    }

    /// `nil` when one could not be read.
    private func entries(_ node: YAMLNode, _ diagnosis: inout Diagnosis) -> [Entry]? {
        let before = diagnosis.count
        var entries: [Entry] = []
        for (name, value) in diagnosis.pairs(node, of: "hosts") {
            let host = diagnosis.hostName(name)
            let address = diagnosis.address(value, of: name.value, isInsecure: self.isInsecure)
            guard let host, let address else { continue }
            if let other = entries.first(where: { $0.address.isSame(as: address.value) }) {
                diagnosis.report(
                    address.position, "'\(name.value)' and '\(other.name)' have the same address")
            }
            entries.append(
                Entry(name: host, position: address.position, address: address.value))
            guard entries.count <= Limits.voterCount else { break }
        }
        return diagnosis.count == before ? entries : nil
    }

    private func check(
        _ entries: [Entry], of node: YAMLNode, size: Int?, _ diagnosis: inout Diagnosis
    ) {
        if let size, entries.count != size {
            let count = entries.count > Limits.voterCount ? "more" : "\(entries.count)"
            diagnosis.report(
                node.position, "'hosts' names \(count), but the cluster's 'size' is \(size)")
        }
        guard let name = self.name else { return }
        guard let own = entries.first(where: { $0.name == name }) else {
            diagnosis.report(node.position, "'hosts' does not name this host, '\(name)'")
            return
        }
        guard let listen = self.listen, !listen.value.isSame(as: own.address) else { return }
        diagnosis.report(
            own.position,
            "'\(name)' is this host, and has \(own.address) here, but 'listen' is "
                + "\(listen.value) (line \(listen.position.line)); both must be the same")
    }
}
