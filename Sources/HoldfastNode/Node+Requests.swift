import HoldfastCore
import HoldfastGuardCore
import HoldfastJobs
import HoldfastPaxos
import HoldfastSessions
import HoldfastWire

/// What users ask, and where the outcomes of all changes and reads go.
extension Node {
    mutating func take(_ request: NodeRequest, _ id: RequestID) {
        guard self.configuration != nil else {
            self.effects.append(.respond(id, .noQuorum))
            return
        }
        switch request {
        case .read(let key):
            self.read(.key(key), for: .request(id), within: self.settings.requestTimeout)
        case .change(let key, let change):
            let nonce = self.randomness.nextIdentifier()
            self.submit(
                .key(Self.keyChange(change, nonce)), to: .key(key), for: .request(id),
                within: self.settings.requestTimeout)
        }
    }

    private static func keyChange(_ change: RequestedChange, _ nonce: Nonce) -> KeyChange {
        switch change {
        case .declare(let spec): .declare(spec, request: nonce)
        case .run(let spec): .run(spec, request: nonce)
        case .remove: .remove(request: nonce)
        case .start: .start(request: nonce)
        case .stop: .stop(request: nonce)
        case .restart: .restart(request: nonce)
        }
    }

    /// Hands an outcome to whoever asked.
    mutating func finish(_ change: PendingChange, _ outcome: ChangeOutcome) {
        switch change.purpose {
        case .request(let id):
            self.effects.append(.respond(id, Self.response(to: outcome)))
        case .claim(let key, let nonce): self.didClaim(key, nonce, outcome)
        case .vacate(let key, let token): self.didVacate(key, token, outcome)
        case .openSession(let epoch, let nonce): self.didOpen(epoch, nonce, outcome)
        case .releaseSession(let epoch, let nonce): self.didRelease(epoch, nonce, outcome)
        case .healSession(let epoch, let nonce): self.didHeal(epoch, nonce, outcome)
        case .examineSession: self.didExamine(outcome)
        case .reap(let key), .started(let key):
            // Learned with the record; looked at again where it came to nothing.
            if case .won = outcome { return }
            self.setTimer(.revisit(key), after: .milliseconds(300))
        case .closeSession, .learn: break
        case .forOther(let host, let attempt): self.answerForward(outcome, host, attempt)
        }
    }

    private mutating func answerForward(
        _ outcome: ChangeOutcome, _ host: HostName, _ attempt: UInt64
    ) {
        switch outcome {
        case .won(let accepted): self.send(.forwarded(attempt: attempt, .won(accepted)), to: host)
        case .refused(.key(let refusal), let accepted):
            self.send(.forwarded(attempt: attempt, .refused(refusal, accepted)), to: host)
        case .notProposed: self.send(.forwarded(attempt: attempt, .notProposed), to: host)
        case .refused, .unknown:
            // Its owner takes it back, and finds out by proposing above us (P7 °).
            break
        }
    }

    private static func response(to outcome: ChangeOutcome) -> NodeResponse {
        switch outcome {
        case .won(let accepted):
            return .chosen(try? RecordCoding.decodeKey(accepted.value))
        case .refused(.key(let refusal), let accepted):
            return .refused(
                refusal, accepted.flatMap { try? RecordCoding.decodeKey($0.value) })
        case .refused(.identity, nil): return .chosen(nil)
        case .refused: return .unknown
        case .unknown: return .unknown
        case .notProposed: return .noQuorum
        }
    }
}
