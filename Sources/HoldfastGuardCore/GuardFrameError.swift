/// Why a frame between agent and guard is not one; or why a saved machine is none.
package enum GuardFrameError: Error, Hashable, Sendable, CustomStringConvertible {
    case unknownVersion(UInt8)
    case unknownVerb(UInt8)
    /// It ended inside a field.
    case truncated
    /// It was understood, and did not end there.
    case trailingBytes(Int)
    case tooLong(GuardFrameField)
    /// A value that the field cannot have.
    case invalid(GuardFrameField)
    /// A continuation without its beginning, or the reverse.
    case outOfOrder

    package var description: String {
        switch self {
        case .unknownVersion(let version): "it has the unknown version \(version)"
        case .unknownVerb(let verb): "it has the unknown verb \(verb)"
        case .truncated: "it ends too early"
        case .trailingBytes(let count): "it has \(count) bytes too many"
        case .tooLong(let field): "the \(field.rawValue) is too long"
        case .invalid(let field): "the \(field.rawValue) is not valid"
        case .outOfOrder: "a part of it came out of order"
        }
    }
}

/// What a frame or a saved machine is made of, for `GuardFrameError`.
package enum GuardFrameField: String, Hashable, Sendable {
    case frame, key, token, epoch, sequence, nonce, span, moment, text, arguments, environment
    case groups, flag, runs
    case signal, action, reason, step, status, cause, containment
    case state, users
}
