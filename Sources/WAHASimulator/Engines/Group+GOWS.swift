internal import FoundationEssentials

extension Group {
  /// The Go helper's struct, written with its field names.
  func gows(withParticipants: Bool) -> JSON {
    let members = self.members
    let created = JSON.string(
      Date(timeIntervalSince1970: Double(self.created)).formatted(Date.ISO8601FormatStyle()))
    let participants = members.enumerated().map { index, member -> JSON in
      [
        "JID": .string("\(member.lid)@lid"),
        "PhoneNumber": .string("\(member.number)@s.whatsapp.net"),
        "LID": .string("\(member.lid)@lid"),
        "IsAdmin": .bool(index == 0),
        "IsSuperAdmin": .bool(index == 0),
        "DisplayName": "",
        "Error": 0,
        "AddRequest": .null,
      ]
    }
    return [
      "JID": .string(self.id),
      "OwnerJID": .string(members.first.map { "\($0.lid)@lid" } ?? ""),
      "OwnerPN": .string(members.first.map { "\($0.number)@s.whatsapp.net" } ?? ""),
      // A group without a known name has an empty one here.
      "Name": .string(self.name ?? ""),
      "NameSetAt": created,
      "NameSetBy": "",
      "Topic": "",
      "TopicID": "",
      "IsLocked": false,
      "IsAnnounce": false,
      "AnnounceVersionID": "",
      "IsEphemeral": false,
      "DisappearingTimer": 0,
      "IsIncognito": false,
      "IsParent": false,
      "DefaultMembershipApprovalMode": "",
      "LinkedParentJID": "",
      "IsDefaultSubGroup": false,
      "IsJoinApprovalRequired": false,
      "AddressingMode": "lid",
      "GroupCreated": created,
      "CreatorCountryCode": "",
      "ParticipantVersionID": "1700000000000000",
      "ParticipantCount": .int(self.participants),
      "Participants": withParticipants ? .array(participants) : .undefined,
      "MemberAddMode": "all_member_add",
      "Suspended": false,
    ]
  }
}
