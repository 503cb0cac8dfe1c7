import HoldfastAPI
import HoldfastCommand
import HoldfastCore
import Testing

@Suite("Output")
struct OutputTests {
    @Test(
        "a word is quoted only where a shell would read it otherwise",
        arguments: [
            ("billing-worker", "billing-worker"), ("a/b@1.x:%+=,_", "a/b@1.x:%+=,_"),
            ("", "''"), ("odd key", "'odd key'"), ("it's", "'it'\\''s'"), ("a$b", "'a$b'"),
            ("~", "'~'"), ("*", "'*'"), ("ä", "'ä'"), ("a\u{202E}b", "'a\\u{202E}b'"),
        ])
    func shellWord(text: String, word: String) {
        #expect(Printable.shellWord(text) == word)
    }

    @Test("control characters become visible, other text stays")
    func printable() {
        #expect(Printable.text("a\u{1B}[2Jb\tc\u{7}") == "a\\u{1B}[2Jb\\tc\\u{07}")
        #expect(Printable.text("ä 日本 😀") == "ä 日本 😀")
    }

    @Test("columns are aligned, numbers to the right, and no line ends in spaces")
    func table() {
        var table = Table(["KEY", "PID", "NOTE"], rightAligned: ["PID"])
        table.add(["a", "7", ""])
        table.add(["ä longer", "4121", "why"])
        table.add(["b"])
        #expect(
            table.lines(Style(isColoured: false)) == [
                "KEY        PID  NOTE", "a            7", "ä longer  4121  why", "b",
            ])
    }

    @Test("columns at the end without content are left out")
    func emptyColumns() {
        var table = Table(["KEY", "PID", "NOTE"])
        table.add(["a", "", ""])
        #expect(table.lines(Style(isColoured: false)) == ["KEY", "a"])
    }

    @Test("colour surrounds the text and not the space that aligns it")
    func colour() {
        var table = Table(["A", "B"])
        table.add([.init("x", .good), "y"])
        let line = table.lines(Style(isColoured: true))[1]
        #expect(line == "\u{1B}[32mx\u{1B}[0m  y")
    }

    @Test(
        "spans are short",
        arguments: [
            (0, "0s"), (0.04, "0s"), (2.44, "2.4s"), (59.6, "1m"), (125, "2m5s"),
            (-3, "0s"), (.nan, "long"), (.infinity, "long"), (90_061, "1d1h1m1s"),
        ] as [(Double, String)])
    func spans(seconds: Double, text: String) {
        #expect(Words.span(seconds) == text)
    }

    @Test(
        "an event names its key, once",
        arguments: [
            ("odd key", "claimed", "'odd key' claimed"), ("a", "a claimed", "a claimed"),
            (nil, "session 1 is open", "session 1 is open"), ("k", "\u{1B}[2J", "k \\u{1B}[2J"),
        ] as [(String?, String, String)])
    func events(key: String?, text: String, line: String) {
        let event = EventDocument(index: 1, at: "", kind: "test", key: key, text: text)
        #expect(Words.event(event) == line)
    }

    @Test(
        "an ending says how, where and why",
        arguments: [
            (EndingDocument.How.exited, 1, nil, nil, "exited 1 on h2"),
            (.signalled, nil, 9, nil, "killed by signal KILL on h2"),
            (.core, nil, 11, nil, "killed by signal SEGV, core dumped on h2"),
            (.failedToStart, nil, nil, "no such file", "failed to start on h2: no such file"),
            (.lost, nil, nil, nil, "lost with its host on h2"),
        ] as [(EndingDocument.How, Int32?, Int32?, String?, String)])
    func endings(
        how: EndingDocument.How, code: Int32?, signal: Int32?, reason: String?, text: String
    ) {
        let ending = EndingDocument(
            token: 1, host: "h2", how: how, code: code, signal: signal, reason: reason, at: "")
        #expect(Words.ending(ending) == text)
    }
}
