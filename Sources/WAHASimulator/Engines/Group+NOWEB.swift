extension Group {
  /// The value; its key is the id.
  func noweb(withParticipants: Bool) -> JSON {
    let members = self.members
    let owner = JSON.orUndefined(members.first.map { "\($0.number)@s.whatsapp.net" })
    let participants = members.enumerated().map { index, member -> JSON in
      [
        "id": .string("\(member.lid)@lid"),
        "phoneNumber": .string("\(member.number)@s.whatsapp.net"),
        "admin": index == 0 ? "superadmin" : .null,
      ]
    }
    return [
      "id": .string(self.id),
      "addressingMode": "lid",
      "subject": .orUndefined(self.name),
      "subjectOwner": owner,
      "subjectTime": .int(self.created),
      "size": .int(self.participants),
      "creation": .int(self.created),
      "owner": owner,
      "restrict": false,
      "announce": false,
      "isCommunity": false,
      "isCommunityAnnounce": false,
      "joinApprovalMode": false,
      "memberAddMode": true,
      "participants": withParticipants ? .array(participants) : .undefined,
    ]
  }
}
