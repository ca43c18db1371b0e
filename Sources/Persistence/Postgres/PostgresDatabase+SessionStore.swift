package import SessionService
package import UserAPI

extension PostgresDatabase: SessionStore {
  private static let columns =
    "id, session_name, phone_number, user_id, status, removal, created_at, updated_at, "
    + "waha_host"

  package func session(ofUser userID: String) async throws(UserAPIError) -> SessionRecord? {
    try await self.read { session throws(PostgresFailure) in
      try Self.session(ofUser: userID, in: session)
    }
  }

  package func insertSession(
    _ record: SessionRecord, on placement: HostPlacement
  ) async throws(UserAPIError) -> SessionRecord {
    let stored = try await self.write { session throws(PostgresFailure) -> SessionRecord? in
      if let host = placement.onlyChoice {
        return try Self.insert(record, on: host, in: session)
      }
      return try session.transaction { () throws(PostgresFailure) -> SessionRecord? in
        try Self.lockPlacement(in: session)
        if let stored = try Self.session(ofUser: record.userID, in: session) { return stored }
        guard let host = try Self.host(on: placement, in: session) else { return nil }
        return try Self.insert(record, on: host, in: session)
      }
    }
    guard let stored else { throw .noCapacity }
    return stored
  }

  private static func insert(
    _ record: SessionRecord, on host: HostName, in session: PostgresSession
  ) throws(PostgresFailure) -> SessionRecord {
    // Waits for whoever is at it for the same user, and then sees what became of that.
    let stored = try session.query(
      """
      INSERT INTO whatsapp_sessions (\(Self.columns)) VALUES ($1, $2, $3, $4, $5, NULL, $6, $7, $8)
      ON CONFLICT (user_id) DO NOTHING RETURNING \(Self.columns)
      """,
      .text(record.id), .text(record.name), .text(record.phoneNumber), .text(record.userID),
      .text(Self.status(record.isConnected)), .timestamp(record.createdAt),
      .timestamp(record.updatedAt), .text(host.rawValue)
    ).first(Self.record)
    if let stored { return stored }
    guard let other = try Self.session(ofUser: record.userID, in: session) else {
      throw .unreadable(CorruptRow(problem: "a session that was just there is gone"))
    }
    return other
  }

  package func placeSession(
    _ record: SessionRecord, on placement: HostPlacement, at time: Timestamp
  ) async throws(UserAPIError) -> SessionRecord {
    let placed = try await self.write { session throws(PostgresFailure) -> Placed in
      try session.transaction { () throws(PostgresFailure) -> Placed in
        try Self.lockPlacement(in: session)
        guard let stored = try Self.session(ofUser: record.userID, in: session),
          stored.id == record.id
        else { return .unknown }
        guard stored.host == record.host, stored.isConnected == record.isConnected else {
          return .there(stored)
        }
        guard let host = try Self.host(on: placement, apartFrom: record.id, in: session) else {
          return .full
        }
        try session.query(
          """
          UPDATE whatsapp_sessions SET waha_host = $2, status = $3, removal = NULL, updated_at = $4
          WHERE id = $1
          """,
          .text(record.id), .text(host.rawValue), .text(Self.status(true)), .timestamp(time))
        return .there(stored.placed(on: host, at: time))
      }
    }
    return try placed.session
  }

  /// Waits until no other server places a session, and keeps all others from it until the transaction
  /// ends.
  private static func lockPlacement(in session: PostgresSession) throws(PostgresFailure) {
    let keys = PostgresLock.placement.keys
    try session.query("SELECT pg_advisory_xact_lock($1, $2)", keys.0, keys.1)
  }

  /// Where the next session goes.
  private static func host(
    on placement: HostPlacement, apartFrom id: String = "", in session: PostgresSession
  ) throws(PostgresFailure) -> HostName? {
    if let host = placement.onlyChoice { return host }
    let loads = try session.query(
      """
      SELECT waha_host, count(*) FROM whatsapp_sessions
      WHERE status = 'CONNECTED' AND id <> $1 GROUP BY waha_host
      """,
      .text(id)
    ).map { row throws(PostgresFailure) in
      (HostName(stored: try row.text(0)), Int(try row.integer(1)))
    }
    // By what Swift calls the same text, which the database may not.
    return placement.choice([HostName: Int](loads, uniquingKeysWith: +))
  }

  package func takeBackPlace(
    of placed: SessionRecord, to previous: SessionRecord?
  ) async throws(UserAPIError) {
    try await self.write { session throws(PostgresFailure) in
      guard let previous else {
        _ = try session.query(
          "DELETE FROM whatsapp_sessions WHERE id = $1 AND updated_at = $2",
          .text(placed.id), .timestamp(placed.updatedAt))
        return
      }
      _ = try session.query(
        """
        UPDATE whatsapp_sessions SET waha_host = $3, status = $4, removal = $5, updated_at = $6
        WHERE id = $1 AND updated_at = $2
        """,
        .text(placed.id), .timestamp(placed.updatedAt), .text(previous.host.rawValue),
        .text(Self.status(previous.isConnected)), .text(previous.removal?.rawValue),
        .timestamp(previous.updatedAt))
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
      phoneNumber: try row.textIfAny(2), host: HostName(stored: try row.text(8)),
      isConnected: try row.text(4) == Self.status(true),
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
