/// Finds what somebody probably meant.
enum Suggestion {
    /// The candidate nearest to `text`, if it is near: about one slip in three letters.
    ///
    /// - Complexity: The square of 32, times the candidates.
    static func nearest(to text: String, among candidates: [String]) -> String? {
        let typed = Array(text.lowercased().unicodeScalars.prefix(33))
        guard typed.count <= 32 else { return nil }
        var best: (name: String, distance: Int)?
        for candidate in candidates {
            let name = Array(candidate.lowercased().unicodeScalars)
            let distance = Self.distance(typed, name)
            guard distance <= max(1, min(typed.count, name.count) / 3) else { continue }
            if distance < best?.distance ?? Int.max { best = (candidate, distance) }
        }
        return best?.name
    }

    /// Insertions, deletions, replacements and swaps of neighbours that turn one into the other.
    ///
    /// Optimal string alignment, as in Boytsov, "Indexing methods for approximate dictionary
    /// searching", section 2.1.1.
    static func distance(_ left: [Unicode.Scalar], _ right: [Unicode.Scalar]) -> Int {
        var beforeLast: [Int] = []
        var last = Array(0...right.count)
        for row in 0..<left.count {
            var current = [row + 1]
            for column in 0..<right.count {
                let replaced = last[column] + (left[row] == right[column] ? 0 : 1)
                var cost = min(replaced, last[column + 1] + 1, current[column] + 1)
                if row > 0, column > 0, left[row] == right[column - 1],
                    left[row - 1] == right[column]
                {
                    cost = min(cost, beforeLast[column - 1] + 1)
                }
                current.append(cost)
            }
            (beforeLast, last) = (last, current)
        }
        return last[right.count]
    }
}
