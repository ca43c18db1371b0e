extension Group {
  /// A chat of WhatsApp Web with the group's metadata in it.
  func webjs(withParticipants: Bool) -> JSON {
    let server = String(self.id.drop { $0 != "@" }.dropFirst())
    let id = JSON.wid(user: String(self.id.prefix { $0 != "@" }), server: server)
    let name = JSON.orUndefined(self.name)
    return [
      "groupMetadata": self.metadata(id: id, withParticipants: withParticipants),
      "id": id,
      "name": name,
      "isGroup": true,
      "isReadOnly": false,
      "unreadCount": .int(self.lastActive % 5),
      "timestamp": .int(self.lastActive),
      "archived": false,
      "pinned": false,
      "isMuted": false,
      "muteExpiration": 0,
      "lastMessage": self.lastMessage,
    ]
  }

  private func metadata(id: JSON, withParticipants: Bool) -> JSON {
    let members = self.members
    let owner = members.first.map { JSON.wid(user: $0.lid, server: "lid") }
    let participants = members.enumerated().map { index, member -> JSON in
      [
        "id": .wid(user: member.lid, server: "lid"),
        "isAdmin": .bool(index == 0),
        "isSuperAdmin": .bool(index == 0),
      ]
    }
    let none: JSON = withParticipants ? [] : .undefined
    return [
      "id": id,
      "creation": .int(self.created),
      "owner": owner ?? .undefined,
      "subject": .orUndefined(self.name),
      "subjectTime": .int(self.created),
      "restrict": false,
      "announce": false,
      "noFrequentlyForwarded": false,
      "ephemeralDuration": 0,
      "memberAddMode": "all_member_add",
      "isLidAddressingMode": true,
      "size": .int(self.participants),
      "participants": withParticipants ? .array(participants) : .undefined,
      "pendingParticipants": none,
      "pastParticipants": none,
      "membershipApprovalRequests": none,
    ]
  }

  private var lastMessage: JSON {
    guard let sender = self.members.last else { return .undefined }
    let from = "\(sender.lid)@lid"
    return [
      "_data": [
        "id": [
          "fromMe": false, "remote": .string(self.id), "id": "3EB0C767D097B7C7C3F1",
          "participant": .string(from),
          "_serialized": .string("false_\(self.id)_3EB0C767D097B7C7C3F1_\(from)"),
        ],
        "body": "Hello", "type": "chat", "t": .int(self.lastActive), "from": .string(self.id),
        "to": "15550000001@c.us", "author": .string(from), "ack": 1, "isNewMsg": true,
        "star": false,
      ],
      "id": .string("false_\(self.id)_3EB0C767D097B7C7C3F1_\(from)"),
      "ack": 1, "hasMedia": false, "body": "Hello", "type": "chat",
      "timestamp": .int(self.lastActive), "from": .string(self.id), "author": .string(from),
      "fromMe": false, "hasQuotedMsg": false, "vCards": [], "mentionedIds": [], "links": [],
    ]
  }
}

extension JSON {
  /// An id as WhatsApp Web writes it.
  static func wid(user: String, server: String) -> JSON {
    [
      "server": .string(server), "user": .string(user), "_serialized": .string("\(user)@\(server)"),
    ]
  }
}
