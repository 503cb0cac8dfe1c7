internal import ArgumentParser
internal import Glibc
internal import HoldfastAPI

/// How a command reaches the agent.
struct ConnectionOptions: ParsableArguments {
    @Option(
        name: .long,
        help: .init(
            "The agent's socket.",
            discussion: "Without it: $HOLDFAST_SOCKET, \(SocketPlace.standard), then the hosts of "
                + "'holdfast dev'.", valueName: "path"),
        completion: .file())
    var socket: String?

    func client() throws(CommandFailure) -> APIClient {
        let place = SocketPlace(
            given: self.socket, environment: getenv("HOLDFAST_SOCKET").map { String(cString: $0) },
            development: DevPointer.sockets())
        return APIClient(socket: try place.find())
    }
}
