/// What Linux calls the errors that a launch meets, for texts made without asking the system.
package enum ErrorName {
    /// The words of strerror(3) for the usual ones; the number for the others.
    package static func text(_ number: Int32) -> String {
        switch number {
        case 1: "Operation not permitted"
        case 2: "No such file or directory"
        case 5: "Input/output error"
        case 7: "Argument list too long"
        case 8: "Exec format error"
        case 11: "Resource temporarily unavailable"
        case 12: "Cannot allocate memory"
        case 13: "Permission denied"
        case 20: "Not a directory"
        case 21: "Is a directory"
        case 24: "Too many open files"
        case 26: "Text file busy"
        case 28: "No space left on device"
        case 36: "File name too long"
        case 40: "Too many levels of symbolic links"
        default: "error \(number)"
        }
    }
}
