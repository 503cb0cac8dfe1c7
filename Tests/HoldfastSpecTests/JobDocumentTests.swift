import FoundationEssentials
import HoldfastJobs
import HoldfastSpec
import Testing

@Suite("Jobs as JSON")
struct JobDocumentTests {
    private static func decode(_ json: String) throws -> JobDocument {
        try JSONDecoder().decode(JobDocument.self, from: Data(json.utf8))
    }

    private static func mistakes(_ json: String) throws -> [String] {
        let document = try Self.decode(json)
        do throws(JobDocumentError) {
            _ = try document.spec()
            return []
        } catch {
            return error.mistakes
        }
    }

    @Test("a document has the names and forms of the file, defaults included")
    func form() throws {
        let encoder = JSONEncoder()
        encoder.outputFormatting = [.sortedKeys, .withoutEscapingSlashes]
        let data = try encoder.encode(JobDocument(JobSpec(command: ["/a", "1"], user: "1")))
        #expect(
            String(decoding: data, as: UTF8.self) == """
                {"command":["/a","1"],"logs":{"count":5,"size":"10M","to":"file"},\
                "on_quorum_loss":"freeze","restart":{"delay":"1s","max_delay":"1m",\
                "policy":"always"},"start":"automatic","stop":{"grace":"10s","signal":"TERM"},\
                "user":"1"}
                """)
    }

    @Test("numbers and truths count as texts where a text is wanted")
    func scalars() throws {
        let json = #"{"command": ["a", 1], "env": {"T": true, "D": 1.5}, "stop": {"signal": 2}}"#
        let job = try Self.decode(json).spec()
        #expect(job.command == ["a", "1"])
        #expect(job.environment.map(\.value) == ["1.5", "true"])
        #expect(job.stop.signal == 2)
    }

    @Test(
        "mistakes are those of the file, with a path for a place",
        arguments: [
            ("{}", ["the job has nothing to run; give it a 'command' or 'shell'"]),
            ("[]", ["a job is a mapping, not a list"]),
            ("\"x\"", ["a job is a mapping, not a single value"]),
            (
                #"{"comand": ["a"]}"#,
                ["comand: unknown field 'comand' in a job (did you mean 'command'?)"]
            ),
            (
                #"{"command": ["a"], "restart": {"delay": 5}, "env": {"A": null}}"#,
                [
                    "env.A: 'A' is a single text, not nothing; for an empty text write \"\"",
                    "restart.delay: 'delay' is '5', which is a number without a unit "
                        + "(d, h, m, s, ms) (did you mean '5s'?)",
                ]
            ),
            (
                #"{"command": ["a", {}]}"#,
                ["command[1]: 'command[1]' is a single text, not a mapping"]
            ),
            (#"{"command": ["a\u0000"]}"#, ["command[0]: 'command[0]' holds a zero byte"]),
        ])
    func refused(json: String, expected: [String]) throws {
        #expect(try Self.mistakes(json) == expected)
    }

    @Test("depth and number of values are bounded while decoding")
    func bounds() {
        let deep = String(repeating: "[", count: 200) + String(repeating: "]", count: 200)
        #expect(throws: DecodingError.self) { try Self.decode(deep) }
        let wide = "[" + Array(repeating: "1", count: 5_000).joined(separator: ",") + "]"
        #expect(throws: DecodingError.self) { try Self.decode(wide) }
    }

    @Test("the failure says what, why and what to do")
    func failure() {
        let failure = JobDocumentError(mistakes: ["user: x"])
        #expect(
            failure.description
                == "cannot declare this job; user: x; correct it and send it again")
    }
}
