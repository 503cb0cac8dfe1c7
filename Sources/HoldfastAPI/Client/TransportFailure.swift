/// Why no whole answer came.
enum TransportFailure: Error, CustomStringConvertible {
    case connecting(any Error)
    case cutShort
    case late(Duration)
    case tooLarge
    case garbled(String)
    case broken(String)

    var description: String {
        switch self {
        case .connecting(let error): "\(error)"
        case .cutShort: "the connection ended before the answer was complete"
        case .late(let limit): "no answer came within \(limit.components.seconds) s"
        case .tooLarge: "the answer is larger than \(APIClient.answerBytes) bytes"
        case .garbled(let why): why
        case .broken(let why): why
        }
    }
}
