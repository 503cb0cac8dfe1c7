import HoldfastCore
import HoldfastSpec
import Testing

/// Mistakes of the file as a whole: what is no YAML, and what is too much of it.
@Suite("Mistakes in a file")
struct FileMistakeTests {
    @Test(
        "structure",
        arguments: [
            ("", ["f:1:1: the file is empty; it begins with 'version: 1'"]),
            ("# only a comment\n", ["f:1:1: the file is empty; it begins with 'version: 1'"]),
            ("[a]", ["f:1:1: a jobs file is a mapping that begins with 'version: 1'"]),
            ("jobs: {}", ["f:1:1: 'version' is missing; the file begins with 'version: 1'"]),
            (
                "version: 2\njobs: {a: {comand: x}}",
                ["f:1:10: version '2' is not known here; this program reads version 1"]
            ),
            ("version: 1", ["f:1:1: 'jobs' is missing: the file declares nothing"]),
            (
                "version: 1\njobs:\n",
                ["f:2:6: 'jobs' is empty; to declare none, write 'jobs: {}'"]
            ),
            (
                "version: 1\njobs: [a]",
                ["f:2:7: 'jobs' is a mapping such as {NAME: value}, not a list"]
            ),
            (
                "version: 1\njobs: {}\njob: {}",
                ["f:3:1: unknown field 'job' in a jobs file (did you mean 'jobs'?)"]
            ),
            (
                "version: 1\njobs: {a: [b]}",
                ["f:2:11: a job is a mapping, not a list"]
            ),
            (
                "version: 1\njobs: {}\n---\nversion: 1\n",
                ["f:3:1: a second document begins here; a file has only one"]
            ),
            (
                "version: 1\njobs: {}\nversion: 1",
                ["f:3:1: 'version' is given twice"]
            ),
        ])
    func structure(text: String, expected: [String]) {
        #expect(mistakes(text) == expected)
    }

    @Test(
        "syntax",
        arguments: [
            (
                "version: 1\njobs:\n\ta: b",
                ["f:3:1: a tab cannot stand here: YAML is indented with spaces"]
            ),
            (
                "version: 1\njobs: [a",
                [
                    "f:3:1: not YAML: did not find expected ',' or ']', while parsing a flow "
                        + "sequence that begins at line 2"
                ]
            ),
            ("version: 1\njobs: *b", ["f:2:7: no anchor '&b' stands before this alias"]),
            ("a: &x [*x]", ["f:1:8: no anchor '&x' stands before this alias"]),
            ("version: !!int 1", ["f:1:10: a tag such as 'tag:yaml.org,2002:int' has no use here"]),
            ("a: \u{1}", ["f:1:4: not YAML: control characters are not allowed"]),
            ("é: 1\nö: \u{7F}", ["f:2:4: not YAML: control characters are not allowed"]),
        ])
    func syntax(text: String, expected: [String]) {
        #expect(mistakes(text) == expected)
    }

    @Test("bytes that are not UTF-8 are refused where they stand")
    func notUTF8() {
        let latin1 = Array("version: 1\n# é".utf8) + [0xE9, 0x0A]
        #expect(mistakes(bytes: latin1) == ["f:2:4: not UTF-8"])
        #expect(mistakes(bytes: [0xFF, 0xFE, 0x61, 0x00]) == ["f:1:1: not UTF-8"])
        #expect(mistakes(bytes: [0x61, 0xC3]) == ["f:1:2: not UTF-8"])
    }

    @Test(
        "keys",
        arguments: [
            (String(repeating: "k", count: 255), nil),
            (String(repeating: "k", count: 256), "a key has 1 to 255 bytes, not 256"),
            ("\"\"", "a key has 1 to 255 bytes, not 0"),
            ("\"a\\tb\"", "a key holds no control characters"),
            ("\"a\\u2028b\"", "a key holds no control characters"),
        ] as [(String, String?)])
    func keys(key: String, reason: String?) {
        let lines = mistakes("version: 1\njobs:\n  \(key): {command: [a]}")
        #expect(lines.count == (reason == nil ? 0 : 1))
        #expect(lines.allSatisfy { $0.hasPrefix("f:2:3: ") || $0.hasPrefix("f:3:3: ") })
        #expect(lines.allSatisfy { $0.hasSuffix(reason ?? "") })
    }

    @Test("a file above its limit of size is not even parsed")
    func size() {
        let space = String(repeating: " ", count: Limits.specFileBytes)
        #expect(mistakes(space + "x") == ["f:1:1: the file has more than 4 MiB"])
    }

    @Test("lists within lists end at the limit, however they are written")
    func depth() {
        let message = "more than 32 lists and mappings within each other"
        for opening in ["[", "{a: ", "- ", "? "] {
            let lines = mistakes(String(repeating: opening, count: 100_000))
            #expect(lines.count == 1)
            #expect(lines[0].hasSuffix(message), "\(opening)")
        }
        let within = String(repeating: "[", count: 31) + "x" + String(repeating: "]", count: 31)
        #expect(mistakes("version: 1\njobs: \(within)").map { !$0.hasSuffix(message) } == [true])
    }

    @Test("aliases of aliases are counted as what they stand for")
    func laughs() {
        var text = "a0: &a0 [x, x, x, x, x, x, x, x, x, x]\n"
        for level in 1...9 {
            let row = Array(repeating: "*a\(level - 1)", count: 10).joined(separator: ", ")
            text += "a\(level): &a\(level) [\(row)]\n"
        }
        let lines = mistakes(text)
        #expect(lines.count == 1)
        #expect(lines[0].hasSuffix("written out, the aliases up to here have more than 4 MiB"))
        let deep = (1...40).map { "- &b\($0) [*b\($0 - 1)]\n" }.joined()
        #expect(
            mistakes("- &b0 x\n" + deep).allSatisfy {
                $0.hasSuffix("more than 32 lists and mappings within each other")
            })
    }

    @Test("a template cannot grow into more than fits a cluster")
    func templates() {
        let line = String(repeating: "x", count: 90_000)
        var text = "version: 1\njobs:\n  w@: {command: [a, \(line)]}\n"
        for number in 1...1_000 { text += "  w@\(number):\n" }
        #expect(
            mistakes(text) == [
                "f:749:3: written out, the commands up to here have more than 64 MiB"
            ])
    }

    @Test("a job above its limits is refused")
    func limits() {
        let words = Array(repeating: "w", count: 1_025).joined(separator: ",")
        #expect(
            mistakes(job("command: [\(words)]")) == ["f:4:14: 'command' has more than 1024 words"])
        let line = String(repeating: "x", count: Limits.commandBytes)
        #expect(
            mistakes(job("shell: \(line)")) == [
                "f:4:12: command and environment have 98316 bytes together; at most 98304 are "
                    + "possible"
            ])
    }

    @Test("a file of ten thousand jobs is read; one more is refused")
    func jobCount() throws {
        func file(_ count: Int) -> String {
            "version: 1\njobs:\n" + (1...count).map { "  j\($0): {command: [a]}\n" }.joined()
        }
        #expect(try JobsFile.read(text: file(10_000), file: "f").jobs.count == 10_000)
        #expect(mistakes(file(10_001)) == ["f:3:3: more than 10000 jobs in one file"])
    }

    @Test("thousands of mistakes are counted, not shown")
    func manyMistakes() {
        let text =
            "version: 1\njobs:\n" + (1...1_000).map { "  j\($0): {x: 1}\n" }.joined()
        let lines = mistakes(text)
        #expect(lines.count == Limits.problemCount + 1)
        #expect(lines.last == "f:202:10: and 800 more; these are not shown")
    }
}
