/// Who may change things and who may look, by the user and groups at the other end.
package struct APIAccess: Hashable, Sendable {
    /// The user that the agent runs as.
    package var ownUserID: UInt32
    /// Members of this group change things as well.
    package var groupID: UInt32?
    /// Whether everybody else may look.
    package var othersLook: Bool

    package init(ownUserID: UInt32, groupID: UInt32? = nil, othersLook: Bool = true) {
        self.ownUserID = ownUserID
        self.groupID = groupID
        self.othersLook = othersLook
    }

    package func mayChange(_ peer: PeerCredentials) -> Bool {
        if peer.userID == 0 || peer.userID == self.ownUserID { return true }
        guard let groupID = self.groupID else { return false }
        return peer.groupID == groupID || peer.supplementaryGroups.contains(groupID)
    }

    package func mayLook(_ peer: PeerCredentials) -> Bool {
        self.othersLook || self.mayChange(peer)
    }
}
