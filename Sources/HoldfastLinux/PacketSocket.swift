import CHoldfastLinux
import Glibc
import HoldfastCore

/// One end of a SOCK_SEQPACKET connection; closed with its last owner.
///
/// Never blocks.
package final class PacketSocket: Sendable {
    package enum SendResult: Equatable, Sendable {
        case sent
        /// The other end is slow; try when it has made room.
        case full
        case failed(Int32)
    }

    package enum Received: Sendable {
        case packet([UInt8], attached: OwnedDescriptor?)
        case nothing
        case end
        case failed(Int32)
    }

    package let number: Int32

    /// - Parameter number: A connected socket, which from now on belongs to this object.
    package init(_ number: Int32) {
        self.number = number
    }

    package convenience init(connectingTo path: String) throws(SystemCallFailure) {
        let number = path.withCString(holdfast_seqpacket_connect)
        self.init(try SystemCallFailure.check("connect", number))
    }

    /// Sends one packet, with a copy of `attached` if there is one.
    package func send(_ bytes: [UInt8], attached: Int32? = nil) -> SendResult {
        let result = bytes.withUnsafeBytes { buffer in
            holdfast_seqpacket_send(self.number, buffer.baseAddress, buffer.count, attached ?? -1)
        }
        switch result {
        case 0: return .sent
        case -EAGAIN, -EINTR: return .full
        default: return .failed(-result)
        }
    }

    /// Receives one packet of at most `Limits.guardFrameBytes`; a longer one is a failure.
    package func receive() -> Received {
        // Asked first, so that a small packet does not cost a buffer for the largest.
        let size = holdfast_seqpacket_next_size(self.number)
        switch size {
        case 0: return .end
        case 1...Limits.guardFrameBytes: break
        case 1...: return .failed(EMSGSIZE)
        default: return Self.failure(size)
        }
        var attached: Int32 = -1
        var count = 0
        let bytes = [UInt8](unsafeUninitializedCapacity: size) { buffer, used in
            count = holdfast_seqpacket_receive(
                self.number, buffer.baseAddress, buffer.count, &attached)
            used = max(0, count)
        }
        let descriptor = attached >= 0 ? OwnedDescriptor(attached) : nil
        switch count {
        case 0: return .end
        case 1...: return .packet(bytes, attached: descriptor)
        default: return Self.failure(count)
        }
    }

    private static func failure(_ result: Int) -> Received {
        switch Int32(-result) {
        case EAGAIN, EINTR: .nothing
        case let number: .failed(number)
        }
    }

    /// Ends the connection for both sides; whoever waits in it is woken.
    package func shutDown() {
        shutdown(self.number, Int32(SHUT_RDWR))
    }

    deinit {
        Glibc.close(self.number)
    }
}
