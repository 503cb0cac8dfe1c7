import Glibc
import HoldfastAPISupport
import HoldfastCommand
import Testing

@Suite("Socket lookup")
struct SocketPlaceTests {
    @Test("what is named is used, alive or not, the option before the environment")
    func named() throws {
        let both = SocketPlace(given: "/a", environment: "/b", development: [])
        #expect(try both.find() == "/a")
        let environment = SocketPlace(given: nil, environment: "/b", development: [])
        #expect(try environment.find() == "/b")
    }

    @Test("otherwise the first that answers: the standard place, then each host of dev")
    func found() throws {
        let server = try TestServer()
        defer { server.stop() }
        let standard = SocketPlace(
            given: nil, environment: "", standard: server.socket, development: ["/nobody"])
        #expect(try standard.find() == server.socket)
        let development = SocketPlace(
            given: nil, environment: nil, standard: "/nobody",
            development: ["/nobody/h1", server.socket, "/nobody/h3"])
        #expect(try development.find() == server.socket)
    }

    @Test("with nobody there, the error says how to begin")
    func nobody() {
        let place = SocketPlace(
            given: nil, environment: nil, standard: "/nobody",
            development: [String(repeating: "x", count: 200)])
        let failure = #expect(throws: CommandFailure.self) { try place.find() }
        #expect(failure?.exitStatus == .unavailable)
        #expect(failure?.next.contains("holdfast dev") == true)
    }

    @Test("a dev cluster is found through a folder that only we can write")
    func pointer() throws {
        let folder = "/tmp/holdfast-pointer-\(getpid())"
        let pointer = folder + "/current"
        #expect(mkdir(folder, 0o700) == 0)
        defer {
            unlink(pointer)
            rmdir(folder)
        }
        #expect(DevPointer.sockets(pointers: [pointer]).isEmpty)
        for (text, first) in [
            ("/tmp/x\n", "/tmp/x/h1/holdfast.sock"), ("tmp\n", nil), ("", nil), ("/cut", nil),
        ] as [(String, String?)] {
            let file = open(pointer, O_WRONLY | O_CREAT | O_TRUNC, 0o600)
            _ = write(file, text, text.utf8.count)
            close(file)
            #expect(DevPointer.sockets(pointers: ["/nobody/current", pointer]).first == first)
        }
        let file = open(pointer, O_WRONLY | O_CREAT | O_TRUNC, 0o600)
        _ = write(file, "/tmp/x\n", 7)
        close(file)
        chmod(folder, 0o777)
        #expect(DevPointer.sockets(pointers: [pointer]).isEmpty)
    }
}
