import CHoldfastLinux
import Glibc

/// All processes that /proc shows, in memory that was set aside beforehand.
///
/// For hosts without control groups, where trees of processes must be found by looking. Nothing
/// but `init` allocates.
package final class ProcessTable {
    package static let capacity = 32_768
    private static let textBytes = 64

    package struct Entry {
        let raw: holdfast_process

        package var number: Int32 { self.raw.number }
        package var parent: Int32 { self.raw.parent }
        package var group: Int32 { self.raw.group }
        package var session: Int32 { self.raw.session }

        /// Whether it executes nothing: stopped, or dead and not reaped, or waiting for a stopped
        /// child between vfork(2) and its exec.
        package var isQuiet: Bool {
            switch UInt8(bitPattern: self.raw.state) {
            case UInt8(ascii: "T"), UInt8(ascii: "t"), UInt8(ascii: "Z"), UInt8(ascii: "X"): true
            default: self.raw.waits_for_child
            }
        }

        package var isDead: Bool {
            switch UInt8(bitPattern: self.raw.state) {
            case UInt8(ascii: "Z"), UInt8(ascii: "X"): true
            default: false
            }
        }
    }

    private let proc: Int32
    private let table: UnsafeMutableBufferPointer<holdfast_process>
    private let text: UnsafeMutablePointer<CChar>
    package private(set) var count = 0
    /// Whether the last look saw everything; otherwise nobody may be thought absent.
    package private(set) var isComplete = false

    package init() throws(SystemCallFailure) {
        self.proc = try SystemCallFailure.check(
            "open", holdfast_open_directory(AT_FDCWD, "/proc"))
        self.table = .allocate(capacity: Self.capacity)
        self.text = .allocate(capacity: Self.textBytes)
    }

    /// Looks again.
    package func refresh() {
        let found = holdfast_list_processes(
            self.proc, self.table.baseAddress, Int32(Self.capacity))
        self.isComplete = found >= 0
        self.count = max(0, Int(found))
    }

    package subscript(index: Int) -> Entry { Entry(raw: self.table[index]) }

    /// Where `number` stands; `nil` if it was not there.
    package func index(of number: Int32) -> Int? {
        var low = 0
        var high = self.count
        while low < high {
            let middle = (low + high) / 2
            if self.table[middle].number < number { low = middle + 1 } else { high = middle }
        }
        return low < self.count && self.table[low].number == number ? low : nil
    }

    /// Sends a signal to exactly the process that was seen.
    package func signal(_ index: Int, _ number: Int32) {
        _ = holdfast_signal_listed(self.proc, &self.table[index], number)
    }

    /// What follows `prefix` in the environment that a process was executed with.
    ///
    /// - Parameters:
    ///   - index: Of the process.
    ///   - prefix: A name and an equals sign, with perhaps more.
    /// - Returns: The rest as a number; `nil` when there is no such entry, or it is none.
    package func environmentNumber(_ index: Int, _ prefix: UnsafePointer<CChar>) -> Int32? {
        let found = holdfast_find_environment(
            self.proc, self.table[index].number, prefix, self.text, Self.textBytes)
        guard found == 1, (0x30...0x39).contains(self.text[0]) else { return nil }
        return Int32(truncatingIfNeeded: strtol(self.text, nil, 10))
    }

    deinit {
        self.table.deallocate()
        self.text.deallocate()
        close(self.proc)
    }
}
