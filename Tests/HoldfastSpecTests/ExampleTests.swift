import FoundationEssentials
import HoldfastSpec
import Testing

@Suite("Examples")
struct ExampleTests {
    @Test("the quickstart's jobs are right, and can run on this machine")
    func quickstart() throws {
        let path = URL(filePath: #filePath).deletingLastPathComponent()
            .appending(path: "../../examples/quickstart/jobs.yaml").standardizedFileURL
        let file = try JobsFile.read(bytes: Array(Data(contentsOf: path)), file: "jobs.yaml")
        #expect(
            file.jobs.map(\.key.text) == [
                "billing-worker", "thumbnailer", "reports@berlin", "reports@lisbon",
            ])
        #expect(file.notes.isEmpty)
        #expect(HostCheck.checkOnThisHost(file).isEmpty)
        #expect(file.jobs[0].spec.restart.delay == .milliseconds(200))
        #expect(file.jobs[1].spec.start == .onDemand)
        #expect(file.jobs[3].spec.command[2].contains("report of lisbon by"))
        #expect(file.jobs[3].spec.environment.map(\.value) == ["lisbon", "pt"])
    }
}
