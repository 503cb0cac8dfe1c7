import HoldfastCommand
import Testing

@Suite("Command line order")
struct CommandLineOrderTests {
    @Test(
        "a socket may stand before the command",
        arguments: [
            (["--socket", "/a", "status"], ["status", "--socket", "/a"]),
            (
                ["--socket=/a", "whereis", "k", "--json"],
                ["whereis", "--socket=/a", "k", "--json"]
            ),
            (["status", "--socket", "/a"], ["status", "--socket", "/a"]),
            (["--socket", "/a"], ["--socket", "/a"]),
            (["--socket"], ["--socket"]),
            (["--socket", "/a", "--help"], ["--socket", "/a", "--help"]),
            (["--version"], ["--version"]),
            ([], []),
        ])
    func order(given: [String], wanted: [String]) {
        #expect(CommandLineOrder.withSocketLast(given) == wanted)
    }
}
