package import SessionService
package import UserAPI

extension PostgresDatabase: SessionStore {
  private static let columns =
    "id, session_name, phone_number, user_id, status, removal, created_at, updated_at"

  package func session(ofUser userID: String) async throws(UserAPIError) -> SessionRecord? {
    try await self.read { session throws(PostgresFailure) in
      try Self.session(ofUser: userID, in: session)
    }
  }

  package func insertSession(
    _ record: SessionRecord
  ) async throws(UserAPIError) -> SessionRecord {
    try await self.write { session throws(PostgresFailure) in
      // Waits for whoever is at it for the same user, and then sees what became of that.
      let stored = try session.query(
        """
        INSERT INTO whatsapp_sessions (\(Self.columns)) VALUES ($1, $2, $3, $4, $5, NULL, $6, $7)
        ON CONFLICT (user_id) DO NOTHING RETURNING \(Self.columns)
        """,
        .text(record.id), .text(record.name), .text(record.phoneNumber), .text(record.userID),
        .text(Self.status(record.isConnected)), .timestamp(record.createdAt),
        .timestamp(record.updatedAt)
      ).first(Self.record)
      if let stored { return stored }
      guard let other = try Self.session(ofUser: record.userID, in: session) else {
        throw .unreadable(CorruptRow(problem: "a session that was just there is gone"))
      }
      return other
    }
  }

  package func sessions(
    after id: String?, limit: Int
  ) async throws(UserAPIError) -> [SessionRecord] {
    try await self.read { session throws(PostgresFailure) in
      try session.query(
        "SELECT \(Self.columns) FROM whatsapp_sessions WHERE id > $1 ORDER BY id LIMIT $2",
        .text(id ?? ""), .integer(Int64(limit))
      ).map(Self.record)
    }
  }

  package func setRemoval(
    _ removal: SessionRemoval, sessionID: String, at time: Timestamp
  ) async throws(UserAPIError) {
    try await self.write { session throws(PostgresFailure) in
      _ = try session.query(
        "UPDATE whatsapp_sessions SET removal = $2, updated_at = $3 WHERE id = $1",
        .text(sessionID), .text(removal.rawValue), .timestamp(time))
    }
  }

  package func setConnected(
    _ isConnected: Bool, sessionID: String, at time: Timestamp
  ) async throws(UserAPIError) {
    try await self.write { session throws(PostgresFailure) in
      _ = try session.query(
        "UPDATE whatsapp_sessions SET status = $2, removal = NULL, updated_at = $3 WHERE id = $1",
        .text(sessionID), .text(Self.status(isConnected)), .timestamp(time))
    }
  }

  package func setPhoneNumber(
    _ number: PhoneNumber, sessionID: String, at time: Timestamp
  ) async throws(UserAPIError) {
    try await self.write { session throws(PostgresFailure) in
      _ = try session.query(
        "UPDATE whatsapp_sessions SET phone_number = $2, updated_at = $3 WHERE id = $1",
        .text(sessionID), .text(number.e164), .timestamp(time))
    }
  }

  package func groups(
    ofSession sessionID: String
  ) async throws(UserAPIError) -> [WhatsAppSession.Group] {
    try await self.read { session throws(PostgresFailure) in
      let rows = try session.query(
        """
        SELECT g.id, g.group_name, g.group_id, c.id, c.status, c.start_date
        FROM whatsapp_groups g LEFT JOIN message_campaigns c
          ON c.group_id = g.id AND c.session_id = $1 AND NOT c.is_deleted
            AND c.status IN ('SCHEDULED', 'IN_PROGRESS')
        WHERE g.session_id = $1 ORDER BY g.created_at, g.id, c.created_at, c.id
        """,
        .text(sessionID)
      ).map(GroupRow.init)
      return rows.reduce(into: []) { groups, row in
        // The rows of a group follow each other.
        if groups.last?.id != row.group.id { groups.append(row.group) }
        if let campaign = row.campaign {
          groups[groups.count - 1].campaigns.append(campaign)
        }
      }
    }
  }

  private static func session(
    ofUser userID: String, in session: PostgresSession
  ) throws(PostgresFailure) -> SessionRecord? {
    try session.query(
      "SELECT \(Self.columns) FROM whatsapp_sessions WHERE user_id = $1", .text(userID)
    ).first(Self.record)
  }

  private static func record(_ row: PostgresRow) throws(PostgresFailure) -> SessionRecord {
    SessionRecord(
      id: try row.text(0), name: try row.text(1), userID: try row.text(3),
      phoneNumber: try row.textIfAny(2), isConnected: try row.text(4) == Self.status(true),
      removal: try row.textIfAny(5).flatMap(SessionRemoval.init),
      createdAt: try row.timestamp(6), updatedAt: try row.timestamp(7))
  }

  private static func status(_ isConnected: Bool) -> String {
    isConnected ? "CONNECTED" : "DISCONNECTED"
  }
}

/// A group with one of its campaigns, if it has any.
private struct GroupRow {
  let group: WhatsAppSession.Group
  let campaign: WhatsAppSession.Campaign?

  init(_ row: PostgresRow) throws(PostgresFailure) {
    self.group = WhatsAppSession.Group(
      id: try row.text(0), groupName: try row.text(1), groupId: try row.text(2), campaigns: [])
    guard let id = try row.textIfAny(3) else {
      self.campaign = nil
      return
    }
    self.campaign = WhatsAppSession.Campaign(
      id: id, status: try row.text(4), startDate: try row.timestamp(5))
  }
}
