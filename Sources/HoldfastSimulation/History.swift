import HoldfastCore
import HoldfastJobs
import HoldfastNode
import HoldfastPaxos
import HoldfastWire

/// What users asked and were told, held against what was chosen meanwhile (I4).
///
/// The ballots order all versions of a register; an answer is right if the record in it was the
/// newest chosen one at some moment between question and answer.
struct History: Sendable {
    private struct Question: Sendable {
        var register: RegisterID
        /// What was the newest when it was asked.
        var newest: Ballot?
        /// A spec that no other question declares.
        var declares: JobSpec?
    }

    private var open: [RequestID: Question] = [:]
    private var lastRequest: RequestID = 0
    /// Specs that were answered with "it did not happen".
    private var denied: [JobSpec] = []

    mutating func asked(_ request: NodeRequest, _ checker: Checker) -> RequestID {
        self.lastRequest += 1
        let key: Key
        var spec: JobSpec?
        switch request {
        case .read(let asked): key = asked
        case .change(let asked, let change):
            key = asked
            switch change {
            case .declare(let declared), .run(let declared): spec = declared
            case .remove, .start, .stop, .restart: break
            }
        }
        let register = RegisterID.key(key)
        self.open[self.lastRequest] = Question(
            register: register, newest: checker.registers[register]?.newest?.ballot,
            declares: spec)
        return self.lastRequest
    }

    mutating func answered(
        _ id: RequestID, _ response: NodeResponse, _ checker: inout Checker
    ) {
        guard let question = self.open.removeValue(forKey: id) else {
            checker.fail(.defect, "question \(id) was answered twice, or never asked")
            return
        }
        switch response {
        case .chosen(let record), .refused(_, let record):
            self.check(record, question, response, &checker)
        case .unknown: break
        case .noQuorum:
            if let spec = question.declares { self.denied.append(spec) }
        }
    }

    private func check(
        _ record: KeyRecord?, _ question: Question, _ response: NodeResponse,
        _ checker: inout Checker
    ) {
        let history = checker.registers[question.register] ?? RegisterHistory()
        let value = record.map { RecordCoding.encode($0) }
        guard history.held(value, since: question.newest) else {
            checker.fail(
                .linearizable,
                "the answer about \(question.register) was never the newest since it was asked: "
                    + "\(response)")
            return
        }
    }

    /// P9: what was denied never happens.
    func check(_ record: KeyRecord, _ checker: inout Checker) {
        guard let spec = record.job?.spec, self.denied.contains(spec) else { return }
        checker.fail(.linearizable, "a change that was answered with \"no quorum\" is chosen")
    }

    /// Questions to an agent that has died are never answered.
    var openCount: Int { self.open.count }
}
