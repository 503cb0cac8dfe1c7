import HoldfastLinux
import Testing

@Suite("Where a process stands among control groups")
struct ControlGroupPlaceTests {
    struct Row: CustomTestStringConvertible {
        let testDescription: String
        let mounts: String
        let groups: String
        let path: String?
    }

    static let unified =
        "31 23 0:28 / /sys/fs/cgroup rw,relatime shared:9 - cgroup2 cgroup2 rw,nsdelegate\n"
    static let hybrid = """
        31 23 0:28 / /sys/fs/cgroup rw,relatime - tmpfs tmpfs rw,mode=755
        32 31 0:29 / /sys/fs/cgroup/cpu rw,relatime - cgroup cgroup rw,cpu
        41 31 0:38 / /sys/fs/cgroup/unified rw,relatime - cgroup2 cgroup2 rw

        """

    static let table = [
        Row(
            testDescription: "a unified host", mounts: unified, groups: "0::/system.slice/x\n",
            path: "/sys/fs/cgroup/system.slice/x"),
        Row(
            testDescription: "the root group", mounts: unified, groups: "0::/\n",
            path: "/sys/fs/cgroup"),
        Row(
            testDescription: "a hybrid host", mounts: hybrid,
            groups: "9:name=systemd:/a\n1:cpu:/b\n0::/c\n", path: "/sys/fs/cgroup/unified/c"),
        Row(
            testDescription: "a container that sees its own part only",
            mounts: "31 23 0:28 /docker/1 /sys/fs/cgroup rw - cgroup2 cgroup2 rw\n",
            groups: "0::/docker/1/job\n", path: "/sys/fs/cgroup/job"),
        Row(
            testDescription: "a place outside of what is mounted",
            mounts: "31 23 0:28 /docker/1 /sys/fs/cgroup rw - cgroup2 cgroup2 rw\n",
            groups: "0::/docker/12\n", path: nil),
        Row(
            testDescription: "a mount point with a space in it",
            mounts: #"31 23 0:28 / /mnt/a\040b rw - cgroup2 cgroup2 rw"#, groups: "0::/x\n",
            path: "/mnt/a b/x"),
        Row(
            testDescription: "version 1 alone",
            mounts: "32 31 0:29 / /sys/fs/cgroup/cpu rw,relatime - cgroup cgroup rw,cpu\n",
            groups: "1:cpu:/b\n", path: nil),
        Row(
            testDescription: "a group that was removed", mounts: unified,
            groups: "0::/x (deleted)\n", path: nil),
        Row(testDescription: "nonsense", mounts: "a b c\n-\n1 - cgroup2", groups: "0:", path: nil),
    ]

    @Test("is found where", arguments: table)
    func find(_ row: Row) {
        #expect(ControlGroupPlace.find(mounts: row.mounts, groups: row.groups) == row.path)
    }
}
