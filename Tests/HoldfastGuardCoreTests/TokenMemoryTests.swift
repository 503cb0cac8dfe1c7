import HoldfastCore
import Testing

@testable import HoldfastGuardCore

@Suite("Memory for tokens")
struct TokenMemoryTests {
    @Test("C8: a token once used stays used, and so does every lower one")
    func remembers() {
        var memory = TokenMemory()
        memory.remember(RunName(key: "a", token: 5))
        memory.remember(RunName(key: "a", token: 3))
        #expect(memory.isUsed(RunName(key: "a", token: 5)))
        #expect(memory.isUsed(RunName(key: "a", token: 1)))
        #expect(!memory.isUsed(RunName(key: "a", token: 6)))
        #expect(!memory.isUsed(RunName(key: "b", token: 1)))
    }

    @Test("C8: a full memory refuses too much rather than forget")
    func overflow() {
        var memory = TokenMemory(limit: 2)
        memory.remember(RunName(key: "a", token: 10))
        memory.remember(RunName(key: "b", token: 20))
        memory.remember(RunName(key: "c", token: 15))
        #expect(memory.isUsed(RunName(key: "c", token: 15)))
        #expect(memory.isUsed(RunName(key: "never seen", token: 15)))
        #expect(!memory.isUsed(RunName(key: "c", token: 16)))
        #expect(!memory.isUsed(RunName(key: "a", token: 11)))
        #expect(memory.isUsed(RunName(key: "b", token: 20)))
    }
}
