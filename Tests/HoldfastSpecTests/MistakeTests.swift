import HoldfastSpec
import Testing

/// One row per mistake: what is written under a job's key, and every line that `check` prints.
@Suite("Mistakes in a job")
struct MistakeTests {
    static let run = "command: [a]\n"

    @Test(
        "what to run",
        arguments: [
            ("user: app", ["f:3:3: the job has nothing to run; give it a 'command' or 'shell'"]),
            (
                "command: sleep 10",
                [
                    "f:4:14: 'command' is a list of words, not one text; for a shell's line use "
                        + "'shell' (did you mean 'command: [sleep, 10]'?)"
                ]
            ),
            (
                "command: a | b",
                [
                    "f:4:14: 'command' is a list of words, not one text; for a shell's line use "
                        + "'shell' (did you mean 'shell: a | b'?)"
                ]
            ),
            ("command: []", ["f:4:14: 'command' is empty"]),
            ("command:", ["f:4:13: 'command' is a list of words, not nothing"]),
            ("command: {a: b}", ["f:4:14: 'command' is a list of words, not a mapping"]),
            ("command: [\"\"]", ["f:4:15: the first word of 'command' is empty"]),
            (
                "command: [a, [b]]",
                ["f:4:18: 'command[1]' is a single text, not a list"]
            ),
            (
                "command: [a, ~]",
                [
                    "f:4:18: 'command[1]' is a single text, not nothing; for an empty text "
                        + "write \"\""
                ]
            ),
            ("command: [a, \"b\\0c\"]", ["f:4:18: 'command[1]' holds a zero byte"]),
            (
                "command: [./run.sh]",
                [
                    "f:4:15: './run.sh' is a relative path; give an absolute one, or a name to "
                        + "look for in PATH"
                ]
            ),
            ("shell: \" \"", ["f:4:12: 'shell' is empty"]),
            (
                "shell: a\ncommand: [b]",
                ["f:4:12: a job has 'command' or 'shell', not both"]
            ),
            ("comand: [a]", ["f:4:5: unknown field 'comand' in a job (did you mean 'command'?)"]),
        ])
    func launch(body: String, expected: [String]) {
        #expect(mistakes(job(body)) == expected)
    }

    @Test(
        "fields and their kinds",
        arguments: [
            ("wibble: 1", ["f:5:5: unknown field 'wibble' in a job"]),
            ("cwd: /", ["f:5:5: unknown field 'cwd' in a job (did you mean 'directory'?)"]),
            ("grace: 1s", ["f:5:5: 'grace' belongs under 'stop'"]),
            ("schedule: {}", ["f:5:5: 'schedule' is not supported by this version"]),
            ("ready: {}", ["f:5:5: 'ready' is not supported by this version"]),
            ("health: {}", ["f:5:5: 'health' is not supported by this version"]),
            ("watchdog: 20s", ["f:5:5: 'watchdog' is not supported by this version"]),
            ("limits: {}", ["f:5:5: 'limits' is not supported by this version"]),
            ("capabilities: []", ["f:5:5: 'capabilities' is not supported by this version"]),
            ("user: a\nuser: b", ["f:6:5: 'user' is given twice"]),
            ("? [a]\n: b", ["f:5:7: a field's name is a single word, not a list"]),
            (
                "<<: {user: a}",
                ["f:5:5: merging with '<<' is not supported; use 'defaults' or a template"]
            ),
            ("user: [a]", ["f:5:11: 'user' is a single text, not a list"]),
            ("user: a:b", ["f:5:11: 'user' is 'a:b', which cannot be a name"]),
            ("user: \"-x\"", ["f:5:11: 'user' is '-x', which cannot be a name"]),
            ("group: 4294967295", ["f:5:12: 'group' is '4294967295', which is too great"]),
            (
                "directory: opt/a",
                ["f:5:16: 'directory' is 'opt/a', which does not begin with '/'"]
            ),
            ("env: [A=b]", ["f:5:10: 'env' is a mapping such as {NAME: value}, not a list"]),
            (
                "env: {\"A=B\": c}",
                [
                    "f:5:11: 'A=B' cannot be the name of a variable: a name has 1 to 255 bytes, "
                        + "no '=' and no control characters"
                ]
            ),
            ("env: {A: 1, A: 2}", ["f:5:17: 'A' is given twice"]),
            (
                "env: {A: }",
                ["f:5:14: 'A' is a single text, not nothing; for an empty text write \"\""]
            ),
            ("env: {HOLDFAST_TOKEN: 1}", ["f:5:11: 'HOLDFAST_TOKEN' is set by Holdfast itself"]),
            (
                "hosts: {zone: eu}",
                ["f:5:13: unknown field 'zone' in hosts"]
            ),
            (
                "hosts: {requires: {a: b}}",
                ["f:5:13: unknown field 'requires' in hosts (did you mean 'require'?)"]
            ),
            (
                "hosts: {require: {host: H1}}",
                [
                    "f:5:29: 'H1' is no host: a host name is made of a-z, 0-9, '-' and '.', and "
                        + "begins and ends with a letter or digit"
                ]
            ),
            (
                "hosts: {prefer: {\"a b\": c}}",
                [
                    "f:5:22: a label's name has 1 to 63 letters, digits, '-', '_', '.' or '/'; "
                        + "'a b' does not"
                ]
            ),
            (
                "start: ondemand",
                [
                    "f:5:12: 'start' is 'ondemand', which is not one of automatic, on-demand "
                        + "(did you mean 'on-demand'?)"
                ]
            ),
        ])
    func fields(body: String, expected: [String]) {
        #expect(mistakes(job(Self.run + body)) == expected)
    }

    @Test(
        "times, sizes, signals and choices",
        arguments: [
            (
                "restart: alway",
                [
                    "f:5:14: 'restart' is 'alway', which is not one of always, on-failure, never "
                        + "(did you mean 'always'?)"
                ]
            ),
            (
                "restart: {delay: 10}",
                [
                    "f:5:22: 'delay' is '10', which is a number without a unit (d, h, m, s, ms) "
                        + "(did you mean '10s'?)"
                ]
            ),
            (
                "restart: {delay: 366d}",
                ["f:5:22: 'delay' is '366d', which is not between 0s and 365d"]
            ),
            (
                "restart: {delay: 1m, max_delay: 10s}",
                ["f:5:37: 'max_delay' is 10s, which is less than 'delay', 1m"]
            ),
            (
                "restart: {give_up: 10}",
                [
                    "f:5:24: 'give_up' is '10', which is not like '10 in 15m' (1 to 100 ends in a "
                        + "time) or 'never'"
                ]
            ),
            (
                "restart: {give_up: 101 in 1m}",
                [
                    "f:5:24: 'give_up' is '101 in 1m', which is not like '10 in 15m' (1 to 100 "
                        + "ends in a time) or 'never'"
                ]
            ),
            (
                "stop: {signal: TREM}",
                [
                    "f:5:20: 'signal' is 'TREM', which is not a signal such as TERM, SIGTERM or "
                        + "15 (did you mean 'TERM'?)"
                ]
            ),
            (
                "stop: {signal: sigint}",
                [
                    "f:5:20: 'signal' is 'sigint', which is not a signal such as TERM, SIGTERM "
                        + "or 15 (did you mean 'INT'?)"
                ]
            ),
            (
                "stop: {signal: 0}",
                ["f:5:20: 'signal' is '0', which is not a signal such as TERM, SIGTERM or 15"]
            ),
            (
                "stop: {signal: 33}",
                ["f:5:20: 'signal' is '33', which is not a signal such as TERM, SIGTERM or 15"]
            ),
            ("stop: 10s", ["f:5:11: stop is a mapping, not a single value"]),
            (
                "on_quorum_loss: pause",
                ["f:5:21: 'on_quorum_loss' is 'pause', which is not one of freeze, stop, kill"]
            ),
            (
                "freeze_limit: 0s",
                ["f:5:19: 'freeze_limit' is '0s', which is not between 1ms and 365d"]
            ),
            (
                "logs: {to: journal}",
                ["f:5:16: 'journal' is not supported by this version; use 'file'"]
            ),
            ("logs: {to: disk}", ["f:5:16: 'to' is 'disk', which is not one of file"]),
            (
                "logs: {size: 10MB}",
                [
                    "f:5:18: 'size' is '10MB', which is not a size such as 512K, 10M or 1G "
                        + "(did you mean '10M'?)"
                ]
            ),
            (
                "logs: {size: 1}",
                ["f:5:18: 'size' is '1', which is not between 4K and 1024G"]
            ),
            (
                "logs: {size: 99999999999G}",
                ["f:5:18: 'size' is '99999999999G', which is not a size such as 512K, 10M or 1G"]
            ),
            (
                "logs: {count: 0}",
                ["f:5:19: 'count' is '0', which is not a whole number from 1 to 100"]
            ),
            (
                "logs: {count: five}",
                ["f:5:19: 'count' is 'five', which is not a whole number from 1 to 100"]
            ),
        ])
    func values(body: String, expected: [String]) {
        #expect(mistakes(job(Self.run + body)) == expected)
    }

    @Test("all mistakes of a file are told at once, in its order")
    func allAtOnce() {
        let text = """
            version: 1
            defaults: {stop: {grace: 10}}
            jobs:
              a: {comand: [x]}
              b: {command: [x], logs: {size: big}, user: ""}
              a: {command: [y]}
              c: {}
            """
        #expect(
            mistakes(text) == [
                "f:2:26: 'grace' is '10', which is a number without a unit (d, h, m, s, ms) "
                    + "(did you mean '10s'?)",
                "f:4:7: unknown field 'comand' in a job (did you mean 'command'?)",
                "f:5:34: 'size' is 'big', which is not a size such as 512K, 10M or 1G",
                "f:5:46: 'user' is '', which cannot be a name",
                "f:6:3: 'a' is given twice",
            ])
    }

    @Test("what a mistake quotes stays on one line and short")
    func quoting() {
        let long = String(repeating: "x", count: 500)
        let expected = "f:5:11: 'user' is 'a\\n\\u{1b}b', which cannot be a name"
        #expect(mistakes(job(Self.run + "user: \"a\\n\\eb\"")) == [expected])
        let line = mistakes(job(Self.run + "start: \(long)"))[0]
        #expect(line.count < 160)
    }
}
