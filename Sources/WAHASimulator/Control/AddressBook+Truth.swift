extension AddressBook {
  /// The book as no engine writes it, for tests to compare with.
  var truth: JSON {
    [
      "groups": .array(
        self.groups.map { ["id": .string($0.id), "name": .orNull($0.name)] }),
      "contacts": .array(
        self.contacts.map { contact in
          [
            "id": .string(contact.id),
            "name": .orNull(contact.name),
            "pushname": .orNull(contact.pushname),
            "shortName": .orNull(contact.shortName),
            "verifiedName": .orNull(contact.verifiedName),
            "notify": .orNull(contact.notify),
            "lid": .orNull(contact.lid),
            "number": .orNull(contact.number),
            "isNameCut": .bool(contact.isNameCut),
            "isBlocked": .bool(contact.isBlocked),
            "isMe": .bool(contact.isMe),
            "isWAContact": .bool(contact.isWAContact),
            "kind": .string(contact.kind.rawValue),
          ]
        }),
    ]
  }
}
