import HoldfastAPI
import HoldfastCore
import HoldfastDaemon
import HoldfastJobs
import Testing

@Suite("The API's backend")
struct HostServiceTests {
    private static let facts = HostService.Facts(
        host: LoneHost.host, hosts: [LoneHost.host], clusterName: "test", version: "0",
        users: "", warnings: [], fence: .seconds(4), heartbeat: .seconds(1), addresses: [:])

    @Test("so many may wait for a key, and whoever comes then is answered at once")
    func manyWaits() throws {
        let host = try LoneHost()
        let key = try Key("job")
        let job = JobSpec(command: ["/bin/true"], start: .onDemand)
        let answered: Int = try host.run { driver, promise in
            let service = HostService(
                driver: driver, facts: Self.facts,
                relay: LogRelay(driver: driver, host: LoneHost.host))
            var answered = 0
            driver.ask(.change(key, .declare(job))) { _ in
                for _ in 0..<(HostService.waitLimit + 10) {
                    let question = WhereisQuestion(
                        start: false, stale: false, wait: .seconds(3600))
                    service.whereis(key, question) { _ in answered += 1 }
                }
                driver.ask(.read(key)) { _ in promise.succeed(answered) }
            }
        }
        #expect(answered == 10)
        try host.end()
    }
}
