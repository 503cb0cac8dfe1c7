import HoldfastCore
import HoldfastJobs
import HoldfastSessions
import HoldfastSpec
import Testing

@Suite("A host's configuration")
struct HostConfigurationTests {
    static let three = """
        name: h1
        listen: 127.0.0.1:7411
        cluster:
          name: dev
          size: 3
          hosts: {h1: 127.0.0.1:7411, h3: 127.0.0.1:7413, h2: "[::1]:7412"}

        """

    private static func mistakes(_ text: String, file: String = "f") -> [String] {
        do throws(InvalidFile) {
            _ = try HostConfiguration.read(text: text, file: file)
            return []
        } catch {
            return error.problems.map(\.description)
        }
    }

    @Test("a short file has every default, with paths beside it")
    func defaults() throws {
        let host = try HostConfiguration.read(text: Self.three, file: "dev/h1/holdfast.yaml")
        let expected = HostConfiguration(
            name: try HostName("h1"), labels: [], dataDirectory: "dev/h1/data",
            logsDirectory: "dev/h1/logs", socket: "dev/h1/holdfast.sock",
            guardSocket: "dev/h1/guard.sock", listen: try PeerAddress("127.0.0.1:7411"),
            isInsecure: false, users: .own,
            cluster: HostConfiguration.Cluster(
                name: "dev", size: 3,
                peers: [
                    .init(name: try HostName("h2"), address: try PeerAddress("[::1]:7412")),
                    .init(name: try HostName("h3"), address: try PeerAddress("127.0.0.1:7413")),
                ]),
            lease: .defaults())
        #expect(host == expected)
        #expect(host.voters.map(\.text) == ["h1", "h2", "h3"])
        #expect(try HostConfiguration.read(text: Self.three, file: "h").dataDirectory == "data")
        let rooted = try HostConfiguration.read(text: Self.three, file: "/h")
        #expect(rooted.dataDirectory == "/data")
    }

    @Test("a cluster of one needs neither address nor hosts")
    func one() throws {
        let host = try HostConfiguration.read(
            text: "name: h1\ncluster: {name: solo, size: 1}", file: "f")
        #expect(host.listen == nil)
        #expect(host.cluster.peers.isEmpty)
        #expect(host.voters == [host.name])
    }

    @Test("every field is read")
    func everything() throws {
        let host = try HostConfiguration.read(
            text: """
                name: a.example
                labels: {zone: eu, disk: ssd}
                data: /var/lib/x
                logs: l
                socket: /run/x.sock
                guard_socket: g.sock
                listen: a.example:7411
                insecure: true
                users: [app, "1000"]
                cluster: {name: prod, size: 1, hosts: {a.example: A.example:7411}}
                lease: {term: 10s, heartbeat: 500ms, soft: 4s, fence: 5s, wake_up: 100ms,
                        kill: 1s, clock_rate_bound: 0.01}
                """, file: "/etc/holdfast/holdfast.yaml")
        #expect(host.labels.map(\.name) == ["disk", "zone"])
        #expect(host.dataDirectory == "/var/lib/x")
        #expect(host.logsDirectory == "/etc/holdfast/l")
        #expect(host.guardSocket == "/etc/holdfast/g.sock")
        #expect(host.isInsecure)
        #expect(host.users == .only(["app", "1000"]))
        #expect(
            host.lease
                == LeaseSettings(
                    term: .seconds(10), heartbeat: .milliseconds(500), soft: .seconds(4),
                    fence: .seconds(5), wakeUp: .milliseconds(100), kill: .seconds(1),
                    clockRateBound: 0.01))
        let any = try HostConfiguration.read(text: Self.three + "users: any\n", file: "f")
        #expect(any.users == .any)
    }

    @Test("lease settings follow from the term where they are not given")
    func term() throws {
        let host = try HostConfiguration.read(text: Self.three + "lease: {term: 2s}", file: "f")
        #expect(host.lease == .defaults(term: .seconds(2)))
    }

    @Test(
        "one more line, and what it is refused with",
        arguments: [
            (
                "nam: x",
                ["f:7:1: unknown field 'nam' in a host's configuration (did you mean 'name'?)"]
            ),
            ("size: 3", ["f:7:1: 'size' belongs under 'cluster'"]),
            ("tls: {}", ["f:7:1: 'tls' is not supported by this version"]),
            ("labels: {host: h1}", ["f:7:16: the label 'host' is always the host's own name"]),
            ("data: \"\"", ["f:7:7: 'data' is '', which is no path"]),
            ("data: logs", ["f:7:7: 'data' and 'logs' are both 'logs'"]),
            (
                "insecure: yes",
                ["f:7:11: 'insecure' is 'yes', which is not true or false (did you mean true?)"]
            ),
            ("users: app", ["f:7:8: 'users' is a list of users, or the word 'any'"]),
            (
                "users: []",
                [
                    "f:7:8: 'users' is empty: nothing could run; leave it out to allow the "
                        + "agent's own user"
                ]
            ),
            ("users: [a, a]", ["f:7:12: 'a' is given twice"]),
            ("lease: {term: 500ms}", ["f:7:15: term must be 1s to 10m, not 500ms"]),
            (
                "lease: {fence: 4.8s}",
                [
                    "f:7:16: unsafe: fence + wake_up + kill ≤ term × (1 − ρ) / (1 + ρ) does not "
                        + "hold: 4.8s + 300ms + 1.2s = 6.3s > 5.976s (term 6s, ρ 0.002); a second "
                        + "copy could start before the first is dead: lower fence or raise term"
                ]
            ),
            (
                "lease: {clock_rate_bound: nan}",
                ["f:7:27: 'clock_rate_bound' is 'nan', which is not a number such as 0.002"]
            ),
            (
                "lease: {clock_rate_bound: 0.5}",
                ["f:7:27: clock_rate_bound must be at least 0 and below 0.1, not 0.5"]
            ),
            (
                "lease: {heartbeat: 2s}",
                [
                    "f:7:20: heartbeat ≤ soft / 2 does not hold: 2s > 3.6s / 2; one lost "
                        + "heartbeat would already stop launches"
                ]
            ),
            (
                "lease: {wakeup: 1s}",
                ["f:7:9: unknown field 'wakeup' in lease (did you mean 'wake_up'?)"]
            ),
        ])
    func oneMoreLine(line: String, expected: [String]) {
        #expect(Self.mistakes(Self.three + line) == expected)
    }

    @Test(
        "what is missing or does not fit together",
        arguments: [
            ("", ["f:1:1: the file is empty; it begins with 'name: HOST'"]),
            (
                "labels: {}",
                [
                    "f:1:1: 'cluster' is missing: its 'name' and 'size'",
                    "f:1:1: 'name' is missing: the name of this host",
                ]
            ),
            (
                "name: H1\ncluster: {}",
                [
                    "f:1:7: 'H1' cannot name a host: a host name is made of a-z, 0-9, '-' and "
                        + "'.', and begins and ends with a letter or digit",
                    "f:2:10: 'name' is missing in cluster",
                    "f:2:10: 'size' is missing in cluster: how many hosts vote",
                ]
            ),
            (
                "name: h1\ncluster: {name: c, size: 16}",
                ["f:2:26: 'size' is '16', which is not a whole number from 1 to 15"]
            ),
            (
                "name: h1\ncluster: {name: c, size: 3}",
                [
                    "f:1:1: 'listen' is missing: a cluster of 3 needs an address here",
                    "f:2:10: 'hosts' is missing: all 3 voters, by name and address",
                ]
            ),
            (
                "name: h1\nlisten: 127.0.0.1:1\ncluster: {name: c, size: 3, hosts: {h1: 127.0.0.1:2}}",
                [
                    "f:3:36: 'hosts' names 1, but the cluster's 'size' is 3",
                    "f:3:41: 'h1' is this host, and has 127.0.0.1:2 here, but 'listen' is "
                        + "127.0.0.1:1 (line 2); both must be the same",
                ]
            ),
            (
                "name: h1\nlisten: 127.0.0.1:1\ncluster: {name: c, size: 1, hosts: {h2: 127.0.0.1:1}}",
                ["f:3:36: 'hosts' does not name this host, 'h1'"]
            ),
            (
                "name: h1\nlisten: \"127.0.0.1:1\"\n"
                    + "cluster: {name: c, size: 2, hosts: {h1: 127.0.0.1:1, h2: 127.0.0.1:1}}",
                ["f:3:58: 'h2' and 'h1' have the same address"]
            ),
            (
                "name: h1\nlisten: 10.0.0.1:1\ncluster: {name: c, size: 1}",
                [
                    "f:2:9: 'listen' is '10.0.0.1:1', which is not a loopback address: hosts "
                        + "cannot authenticate each other yet, so anyone who reaches the port "
                        + "could vote; on an isolated test network, 'insecure: true' allows it"
                ]
            ),
            (
                "name: h1\nlisten: 127.0.0.1\ncluster: {name: c, size: 1}",
                [
                    "f:2:9: 'listen' is '127.0.0.1', which is not an address such as "
                        + "127.0.0.1:7411: an address is HOST:PORT; this has no port"
                ]
            ),
            (
                "name: h1\nlisten: \"[::1]:1\"\n"
                    + "cluster: {name: c, size: 2, hosts: {h1: \"[0::1]:1\", h2: \"[::0:1]:1\"}}",
                ["f:3:57: 'h2' and 'h1' have the same address"]
            ),
            (
                "name: h1\ninsecure: true\nlisten: \"[::]:1\"\ncluster: {name: c, size: 1}",
                [
                    "f:3:9: 'listen' is '[::]:1', which no other host can connect to; give "
                        + "the address that the others use"
                ]
            ),
            (
                "name: h1\ninsecure: true\nlisten: 0.0.0.0:1\ncluster: {name: c, size: 1}",
                [
                    "f:3:9: 'listen' is '0.0.0.0:1', which no other host can connect to; give "
                        + "the address that the others use"
                ]
            ),
        ])
    func fit(text: String, expected: [String]) {
        #expect(Self.mistakes(text) == expected)
    }

    @Test("a socket's path is bounded by the kernel")
    func socketPath() {
        let folder = String(repeating: "d", count: 94)
        #expect(Self.mistakes(Self.three, file: folder + "/f").count == 1)
        #expect(Self.mistakes(Self.three, file: folder.dropLast() + "/f").isEmpty)
    }
}
