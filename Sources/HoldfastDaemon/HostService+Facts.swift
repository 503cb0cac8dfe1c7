import HoldfastCore
import HoldfastSpec

extension HostService.Facts {
    init(_ configuration: HostConfiguration) {
        var addresses: [HostName: String] = [:]
        for peer in configuration.cluster.peers { addresses[peer.name] = "\(peer.address)" }
        addresses[configuration.name] = configuration.listen.map { "\($0)" } ?? ""
        self.init(
            host: configuration.name, hosts: configuration.voters,
            clusterName: configuration.cluster.name, version: Version.text,
            users: Self.text(configuration.users), warnings: Self.warnings(configuration),
            fence: configuration.lease.fence, heartbeat: configuration.lease.heartbeat,
            addresses: addresses)
    }

    private static func text(_ users: HostConfiguration.AllowedUsers) -> String {
        switch users {
        case .own: "only the one that holdfastd runs as"
        case .any: "any"
        case .only(let names): names.joined(separator: ", ")
        }
    }

    private static func warnings(_ configuration: HostConfiguration) -> [String] {
        guard configuration.isInsecure, configuration.listen?.isLoopback == false else { return [] }
        return [
            "insecure: true: whoever reaches the peer address can take part in the cluster; "
                + "use it on an isolated network only"
        ]
    }
}
