// How each request and reply stands in JSON (proto-spec.md, section 7).

extension SessionRequest: ObjectMessage {
  package init(object: JSONObject) throws(UserAPIError) {
    self.init(sessionName: try object.string("sessionName"))
  }

  package func writeMembers(to writer: inout JSONWriter) {
    writer.member("sessionName", self.sessionName)
  }
}

extension UpdateSessionPhoneRequest: ObjectMessage {
  package init(object: JSONObject) throws(UserAPIError) {
    self.init(
      id: try object.string("id"),
      phoneNumber: try PhoneNumber(field: "phoneNumber", try object.string("phoneNumber")))
  }

  package func writeMembers(to writer: inout JSONWriter) {
    writer.member("id", self.id)
    writer.member("phoneNumber", self.phoneNumber.e164)
  }
}

extension DirectoryRequest: ObjectMessage {
  package init(object: JSONObject) throws(UserAPIError) {
    self.init(
      sessionName: try object.string("sessionName"),
      limit: try object.optionalInteger("limit", minimum: 1),
      cursor: try object.optionalInteger("cursor", minimum: 0) ?? 0,
      search: try object.optionalString(
        "search", maximumLength: DirectoryRequest.maximumSearchLength),
      snapshot: try object.optionalString("snapshot"),
      maxAgeMs: try object.optionalInteger("maxAgeMs", minimum: 0))
  }

  package func writeMembers(to writer: inout JSONWriter) {
    writer.member("sessionName", self.sessionName)
    writer.member("limit", self.limit)
    writer.member("cursor", self.cursor)
    writer.member("search", self.search)
    writer.member("snapshot", self.snapshot)
    writer.member("maxAgeMs", self.maxAgeMs)
  }
}

extension WatchSessionRequest: ObjectMessage {
  package init(object: JSONObject) throws(UserAPIError) {
    self.init(
      sessionName: try object.string("sessionName"),
      after: try object.optionalInteger("after", minimum: 0),
      qrFormat: try object.qrFormat("qrFormat"))
  }

  package func writeMembers(to writer: inout JSONWriter) {
    writer.member("sessionName", self.sessionName)
    writer.member("after", self.after)
    if self.qrFormat != .png { writer.member("qrFormat", self.qrFormat.rawValue) }
  }
}

extension LinkSessionRequest: ObjectMessage {
  package init(object: JSONObject) throws(UserAPIError) {
    var phoneNumber: PhoneNumber?
    if let text = try object.optionalString("phoneNumber") {
      phoneNumber = try PhoneNumber(field: "phoneNumber", text)
    }
    self.init(phoneNumber: phoneNumber, qrFormat: try object.qrFormat("qrFormat"))
  }

  package func writeMembers(to writer: inout JSONWriter) {
    writer.member("phoneNumber", self.phoneNumber?.e164)
    if self.qrFormat != .png { writer.member("qrFormat", self.qrFormat.rawValue) }
  }
}

extension SessionEvent: ObjectMessage {
  package init(object: JSONObject) throws(UserAPIError) {
    guard let seq = try object.optionalInteger("seq", minimum: 0) else {
      throw UserAPIError(.invalidField, "seq: is required")
    }
    self.init(
      seq: seq, at: try object.timestamp("at"), sessionName: try object.string("sessionName"),
      status: SessionStatus(rawValue: try object.string("status")),
      reported: SessionStatus(rawValue: try object.string("reported")),
      verifiedAt: try object.optionalTimestamp("verifiedAt"),
      reason: try object.optionalString("reason").map(SessionEventReason.init),
      qr: try object.optionalString("qr"), expiresAt: try object.optionalTimestamp("expiresAt"),
      attempt: try object.optionalInteger("attempt", minimum: 1),
      attempts: try object.optionalInteger("attempts", minimum: 1),
      pairingCode: try object.optionalString("pairingCode"))
  }

  package func writeMembers(to writer: inout JSONWriter) {
    writer.member("seq", self.seq)
    writer.member("at", self.at.description)
    writer.member("sessionName", self.sessionName)
    writer.member("status", self.status.rawValue)
    writer.member("reported", self.reported.rawValue)
    writer.member("verifiedAt", self.verifiedAt?.description)
    writer.member("reason", self.reason?.rawValue)
    writer.member("qr", self.qr)
    writer.member("expiresAt", self.expiresAt?.description)
    writer.member("attempt", self.attempt)
    writer.member("attempts", self.attempts)
    writer.member("pairingCode", self.pairingCode)
  }
}

extension WhatsAppSession: ObjectMessage {
  package init(object: JSONObject) throws(UserAPIError) {
    self.init(
      id: try object.string("id"), sessionName: try object.string("sessionName"),
      phoneNumber: try object.optionalString("phoneNumber"),
      userId: try object.string("userId"), createdAt: try object.timestamp("createdAt"),
      updatedAt: try object.timestamp("updatedAt"), groups: [])
    for group in try object.objects("WhatsAppGroups") {
      self.groups.append(try Group(object: group))
    }
  }

  package func writeMembers(to writer: inout JSONWriter) {
    writer.member("id", self.id)
    writer.member("sessionName", self.sessionName)
    writer.member("phoneNumber", self.phoneNumber)
    writer.member("userId", self.userId)
    writer.member("createdAt", self.createdAt.description)
    writer.member("updatedAt", self.updatedAt.description)
    writer.key("WhatsAppGroups")
    writer.array(self.groups) { writer, group in group.write(to: &writer) }
  }
}

extension WhatsAppSession.Group: ObjectMessage {
  package init(object: JSONObject) throws(UserAPIError) {
    self.init(
      id: try object.string("id"), groupName: try object.string("groupName"),
      groupId: try object.string("groupId"), campaigns: [])
    for campaign in try object.objects("campaigns") {
      self.campaigns.append(try WhatsAppSession.Campaign(object: campaign))
    }
  }

  package func writeMembers(to writer: inout JSONWriter) {
    writer.member("id", self.id)
    writer.member("groupName", self.groupName)
    writer.member("groupId", self.groupId)
    writer.key("campaigns")
    writer.array(self.campaigns) { writer, campaign in campaign.write(to: &writer) }
  }
}

extension WhatsAppSession.Campaign: ObjectMessage {
  package init(object: JSONObject) throws(UserAPIError) {
    self.init(
      id: try object.string("id"), status: try object.string("status"),
      startDate: try object.timestamp("startDate"))
  }

  package func writeMembers(to writer: inout JSONWriter) {
    writer.member("id", self.id)
    writer.member("status", self.status)
    writer.member("startDate", self.startDate.description)
  }
}

extension InitiatedSession: ObjectMessage {
  package init(object: JSONObject) throws(UserAPIError) {
    self.init(sessionName: try object.string("sessionName"), id: try object.string("id"))
  }

  package func writeMembers(to writer: inout JSONWriter) {
    writer.member("sessionName", self.sessionName)
    writer.member("id", self.id)
  }
}

extension SessionStatusReply: ObjectMessage {
  package init(object: JSONObject) throws(UserAPIError) {
    self.init(
      status: SessionStatus(rawValue: try object.string("status")),
      reported: try object.optionalString("reported").map(SessionStatus.init),
      verifiedAt: try object.optionalTimestamp("verifiedAt"),
      reason: try object.optionalString("reason").map(SessionEventReason.init),
      stale: try object.optionalBool("stale") ?? false)
  }

  package func writeMembers(to writer: inout JSONWriter) {
    writer.member("status", self.status.rawValue)
    writer.member("reported", self.reported?.rawValue)
    writer.member("verifiedAt", self.verifiedAt?.description)
    writer.member("reason", self.reason?.rawValue)
    if self.stale { writer.member("stale", true) }
  }
}

extension SessionQRCode: ObjectMessage {
  package init(object: JSONObject) throws(UserAPIError) {
    self.init(qr: try object.string("qr"))
  }

  package func writeMembers(to writer: inout JSONWriter) {
    writer.member("qr", self.qr)
  }
}

extension Success: ObjectMessage {
  package init(object: JSONObject) throws(UserAPIError) {
    self.init(success: try object.bool("success"))
  }

  package func writeMembers(to writer: inout JSONWriter) {
    writer.member("success", self.success)
  }
}

extension DirectoryPage: Message where Item: ObjectMessage {}

extension DirectoryPage: ObjectMessage where Item: ObjectMessage {
  package init(object: JSONObject) throws(UserAPIError) {
    self.init(
      items: [], nextCursor: try object.optionalInteger("nextCursor", minimum: 0),
      total: try object.optionalInteger("total", minimum: 0),
      snapshot: try object.optionalString("snapshot"),
      asOf: try object.optionalTimestamp("asOf"),
      warning: try object.optionalString("warning").map(DirectoryWarning.init))
    for item in try object.objects("items") { self.items.append(try Item(object: item)) }
  }

  package func writeMembers(to writer: inout JSONWriter) {
    writer.key("items")
    writer.array(self.items) { writer, item in item.write(to: &writer) }
    writer.member("nextCursor", self.nextCursor)
    writer.member("total", self.total)
    writer.member("snapshot", self.snapshot)
    writer.member("asOf", self.asOf?.description)
    writer.member("warning", self.warning?.rawValue)
  }
}

extension GroupItem: ObjectMessage {
  package init(object: JSONObject) throws(UserAPIError) {
    self.init(
      groupId: try object.string("groupId"), groupName: try object.string("groupName"))
  }

  package func writeMembers(to writer: inout JSONWriter) {
    writer.member("groupId", self.groupId)
    writer.member("groupName", self.groupName)
  }
}

extension ContactItem: ObjectMessage {
  package init(object: JSONObject) throws(UserAPIError) {
    self.init(
      groupId: try object.string("groupId"), groupName: try object.string("groupName"),
      number: try object.optionalString("number"))
  }

  package func writeMembers(to writer: inout JSONWriter) {
    writer.member("groupId", self.groupId)
    writer.member("groupName", self.groupName)
    writer.member("number", self.number)
    writer.member("isContact", true)
  }
}

extension PhoneNumber {
  fileprivate init(field: String, _ text: String) throws(UserAPIError) {
    guard let number = PhoneNumber(text) else {
      throw UserAPIError(
        .invalidField,
        "\(field): must be a number in E.164, with or without +, spaces, dashes or brackets")
    }
    self = number
  }
}

extension JSONObject {
  fileprivate func qrFormat(_ key: String) throws(UserAPIError) -> QRFormat {
    guard let word = try self.optionalString(key) else { return .png }
    guard let format = QRFormat(rawValue: word) else {
      throw UserAPIError(.invalidField, "\(key): must be png or text")
    }
    return format
  }

  fileprivate func optionalTimestamp(_ key: String) throws(UserAPIError) -> Timestamp? {
    try self.optionalString(key) == nil ? nil : try self.timestamp(key)
  }

  fileprivate func timestamp(_ key: String) throws(UserAPIError) -> Timestamp {
    guard let timestamp = Timestamp(try self.string(key)) else {
      throw UserAPIError(.invalidField, "\(key): must be a time in ISO 8601")
    }
    return timestamp
  }
}
