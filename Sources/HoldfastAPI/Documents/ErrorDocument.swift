/// A failure in the three answers that an operator needs, and what a command exits with.
package struct ErrorDocument: Codable, Hashable, Sendable {
    package var what: String
    package var why: String
    package var next: String
    /// The exit status of a command that ends because of this.
    package var exit: Int32

    package init(what: String, why: String, next: String, exit: Int32) {
        self.what = what
        self.why = why
        self.next = next
        self.exit = exit
    }
}
