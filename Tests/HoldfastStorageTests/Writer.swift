import Foundation

/// A `holdfast-store-writer` of a test's own.
final class Writer {
    private let child = Process()
    private let output = Pipe()
    private let errors = Pipe()
    private let input = Pipe()

    init(_ arguments: [String]) throws {
        let directory = URL(filePath: "/proc/self/exe").resolvingSymlinksInPath()
            .deletingLastPathComponent()
        self.child.executableURL = directory.appending(path: "holdfast-store-writer")
        self.child.arguments = arguments
        self.child.standardOutput = self.output
        self.child.standardError = self.errors
        self.child.standardInput = self.input
        try self.child.run()
    }

    deinit { self.kill() }

    var process: Int32 { self.child.processIdentifier }

    /// The next line, without its end; `nil` at the end of the output.
    func readLine() -> String? {
        var line: [UInt8] = []
        var byte: UInt8 = 0
        while read(self.output.fileHandleForReading.fileDescriptor, &byte, 1) == 1 {
            if byte == UInt8(ascii: "\n") { return String(decoding: line, as: UTF8.self) }
            line.append(byte)
        }
        return nil
    }

    /// The rest of both outputs and the exit status.
    func finish() -> (output: String, errors: String, status: Int32) {
        let output = self.output.fileHandleForReading.readDataToEndOfFile()
        let errors = self.errors.fileHandleForReading.readDataToEndOfFile()
        self.child.waitUntilExit()
        return (
            String(decoding: output, as: UTF8.self), String(decoding: errors, as: UTF8.self),
            self.child.terminationStatus
        )
    }

    func kill() {
        guard self.child.isRunning else { return }
        Glibc.kill(self.process, SIGKILL)
        self.child.waitUntilExit()
    }
}
