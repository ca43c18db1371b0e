internal import GRDB
package import SessionService
package import UserAPI

extension SQLiteDatabase: SessionStore {
  package func session(ofUser userID: String) async throws(UserAPIError) -> SessionRecord? {
    try await self.read { database in
      try Self.session(ofUser: userID, in: database)
    }
  }

  package func insertSession(
    _ session: SessionRecord
  ) async throws(UserAPIError) -> SessionRecord {
    try await self.write { database in
      try database.execute(
        sql: """
          INSERT INTO whatsapp_sessions
            (id, session_name, phone_number, user_id, status, created_at, updated_at)
          VALUES (?, ?, ?, ?, ?, ?, ?)
          ON CONFLICT (user_id) DO NOTHING
          """,
        arguments: [
          session.id, session.name, session.phoneNumber, session.userID,
          Self.status(session.isConnected), session.createdAt.description,
          session.updatedAt.description,
        ])
      guard let stored = try Self.session(ofUser: session.userID, in: database) else {
        throw CorruptRow(problem: "a session that was just stored is gone")
      }
      return stored
    }
  }

  package func sessions(
    after id: String?, limit: Int
  ) async throws(UserAPIError) -> [SessionRecord] {
    try await self.read { database in
      try SessionRow.fetchAll(
        database, sql: "SELECT * FROM whatsapp_sessions WHERE id > ? ORDER BY id LIMIT ?",
        arguments: [id ?? "", limit]
      ).map(\.record)
    }
  }

  package func setRemoval(
    _ removal: SessionRemoval, sessionID: String, at time: Timestamp
  ) async throws(UserAPIError) {
    try await self.write { database in
      try database.execute(
        sql: "UPDATE whatsapp_sessions SET removal = ?, updated_at = ? WHERE id = ?",
        arguments: [removal.rawValue, time.description, sessionID])
    }
  }

  package func setConnected(
    _ isConnected: Bool, sessionID: String, at time: Timestamp
  ) async throws(UserAPIError) {
    try await self.write { database in
      try database.execute(
        sql: "UPDATE whatsapp_sessions SET status = ?, removal = NULL, updated_at = ? "
          + "WHERE id = ?",
        arguments: [Self.status(isConnected), time.description, sessionID])
    }
  }

  package func setPhoneNumber(
    _ number: PhoneNumber, sessionID: String, at time: Timestamp
  ) async throws(UserAPIError) {
    try await self.write { database in
      try database.execute(
        sql: "UPDATE whatsapp_sessions SET phone_number = ?, updated_at = ? WHERE id = ?",
        arguments: [number.e164, time.description, sessionID])
    }
  }

  package func groups(
    ofSession sessionID: String
  ) async throws(UserAPIError) -> [WhatsAppSession.Group] {
    try await self.read { database in
      let campaigns = try CampaignRow.fetchAll(
        database,
        sql: """
          SELECT id, group_id, status, start_date FROM message_campaigns
          WHERE session_id = ? AND is_deleted = 0 AND status IN ('SCHEDULED', 'IN_PROGRESS')
          ORDER BY created_at, id
          """,
        arguments: [sessionID])
      let campaignsOfGroup = [String: [CampaignRow]](grouping: campaigns, by: \.groupId)
      return try GroupRow.fetchAll(
        database,
        sql: """
          SELECT id, group_name, group_id FROM whatsapp_groups
          WHERE session_id = ? ORDER BY created_at, id
          """,
        arguments: [sessionID]
      ).map { row in
        WhatsAppSession.Group(
          id: row.id, groupName: row.groupName, groupId: row.groupId,
          campaigns: (campaignsOfGroup[row.id] ?? []).map { campaign in
            WhatsAppSession.Campaign(
              id: campaign.id, status: campaign.status, startDate: campaign.startDate.value)
          })
      }
    }
  }

  private static func session(
    ofUser userID: String, in database: Database
  ) throws -> SessionRecord? {
    try SessionRow.fetchOne(
      database, sql: "SELECT * FROM whatsapp_sessions WHERE user_id = ?", arguments: [userID]
    )?.record
  }

  fileprivate static func status(_ isConnected: Bool) -> String {
    isConnected ? "CONNECTED" : "DISCONNECTED"
  }
}

// The rows, whose properties are the columns in camel case.

private struct SessionRow: DatabaseRow {
  let id: String
  let sessionName: String
  let phoneNumber: String?
  let userId: String
  let status: String
  let removal: String?
  let createdAt: StoredTimestamp
  let updatedAt: StoredTimestamp

  var record: SessionRecord {
    SessionRecord(
      id: self.id, name: self.sessionName, userID: self.userId, phoneNumber: self.phoneNumber,
      isConnected: self.status == SQLiteDatabase.status(true),
      removal: self.removal.flatMap(SessionRemoval.init),
      createdAt: self.createdAt.value,
      updatedAt: self.updatedAt.value)
  }
}

private struct GroupRow: DatabaseRow {
  let id: String
  let groupName: String
  let groupId: String
}

private struct CampaignRow: DatabaseRow {
  let id: String
  let groupId: String
  let status: String
  let startDate: StoredTimestamp
}
