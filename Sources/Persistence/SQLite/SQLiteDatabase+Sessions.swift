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
    _ session: SessionRecord, on placement: HostPlacement
  ) async throws(UserAPIError) -> SessionRecord {
    // There is one writer at a time, so that what is counted stays true until it is done.
    let stored = try await self.write { database -> SessionRecord? in
      if let stored = try Self.session(ofUser: session.userID, in: database) { return stored }
      guard let host = try Self.host(on: placement, in: database) else { return nil }
      var session = session
      session.host = host
      try database.execute(
        sql: """
          INSERT INTO whatsapp_sessions
            (id, session_name, phone_number, user_id, status, created_at, updated_at, waha_host)
          VALUES (?, ?, ?, ?, ?, ?, ?, ?)
          """,
        arguments: [
          session.id, session.name, session.phoneNumber, session.userID,
          Self.status(session.isConnected), session.createdAt.description,
          session.updatedAt.description, host.rawValue,
        ])
      return session
    }
    guard let stored else { throw .noCapacity }
    return stored
  }

  package func placeSession(
    _ session: SessionRecord, on placement: HostPlacement, at time: Timestamp
  ) async throws(UserAPIError) -> SessionRecord {
    let placed = try await self.write { database -> Placed in
      guard let stored = try Self.session(ofUser: session.userID, in: database),
        stored.id == session.id
      else { return .unknown }
      guard stored.host == session.host, stored.isConnected == session.isConnected else {
        return .there(stored)
      }
      guard let host = try Self.host(on: placement, apartFrom: session.id, in: database) else {
        return .full
      }
      try database.execute(
        sql: """
          UPDATE whatsapp_sessions SET waha_host = ?, status = ?, removal = NULL, updated_at = ?
          WHERE id = ?
          """,
        arguments: [host.rawValue, Self.status(true), time.description, session.id])
      return .there(stored.placed(on: host, at: time))
    }
    return try placed.session
  }

  /// Where the next session goes.
  private static func host(
    on placement: HostPlacement, apartFrom id: String = "", in database: Database
  ) throws -> HostName? {
    if let host = placement.onlyChoice { return host }
    let rows = try LoadRow.fetchAll(
      database,
      sql: """
        SELECT waha_host, count(*) AS load FROM whatsapp_sessions
        WHERE status = 'CONNECTED' AND id <> ? GROUP BY waha_host
        """,
      arguments: [id])
    // By what Swift calls the same text, which the database may not.
    return placement.choice(
      [HostName: Int](
        rows.map { (HostName(stored: $0.wahaHost), $0.load) }, uniquingKeysWith: +))
  }

  package func takeBackPlace(
    of placed: SessionRecord, to previous: SessionRecord?
  ) async throws(UserAPIError) {
    try await self.write { database in
      guard let previous else {
        try database.execute(
          sql: "DELETE FROM whatsapp_sessions WHERE id = ? AND updated_at = ?",
          arguments: [placed.id, placed.updatedAt.description])
        return
      }
      try database.execute(
        sql: """
          UPDATE whatsapp_sessions SET waha_host = ?, status = ?, removal = ?, updated_at = ?
          WHERE id = ? AND updated_at = ?
          """,
        arguments: [
          previous.host.rawValue, Self.status(previous.isConnected), previous.removal?.rawValue,
          previous.updatedAt.description, placed.id, placed.updatedAt.description,
        ])
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
  let wahaHost: String

  var record: SessionRecord {
    SessionRecord(
      id: self.id, name: self.sessionName, userID: self.userId, phoneNumber: self.phoneNumber,
      host: HostName(stored: self.wahaHost),
      isConnected: self.status == SQLiteDatabase.status(true),
      removal: self.removal.flatMap(SessionRemoval.init),
      createdAt: self.createdAt.value,
      updatedAt: self.updatedAt.value)
  }
}

private struct LoadRow: DatabaseRow {
  let wahaHost: String
  let load: Int
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
