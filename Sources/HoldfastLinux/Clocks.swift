import CHoldfastLinux
package import HoldfastCore

/// The host's clocks, read together.
package enum Clocks {
    /// Never fails, allocates nothing, takes some 100 ns; see `Moment` for what each clock is.
    package static func read() -> Moment {
        var boot: Int64 = 0
        var monotonic: Int64 = 0
        var raw: Int64 = 0
        holdfast_clocks(&boot, &monotonic, &raw)
        return Moment(boot: boot, monotonic: monotonic, raw: raw)
    }
}
