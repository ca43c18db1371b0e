package import AuthService
package import UserAPI

extension PostgresDatabase: TokenStore {
  private static let columns =
    "id, digest, user_id, role, scopes, created_at, expires_at, revoked_at, last_used_at"

  package func token(digest: TokenDigest) async throws(UserAPIError) -> IssuedToken? {
    try await self.read { session throws(PostgresFailure) in
      try session.query(
        "SELECT \(Self.columns) FROM api_tokens WHERE digest = $1", .bytes(Array(digest.bytes))
      ).first(Self.token)
    }
  }

  package func token(id: String) async throws(UserAPIError) -> IssuedToken? {
    try await self.read { session throws(PostgresFailure) in
      try session.query("SELECT \(Self.columns) FROM api_tokens WHERE id = $1", .text(id))
        .first(Self.token)
    }
  }

  package func tokens() async throws(UserAPIError) -> [IssuedToken] {
    try await self.read { session throws(PostgresFailure) in
      try session.query("SELECT \(Self.columns) FROM api_tokens ORDER BY created_at, id")
        .map(Self.token)
    }
  }

  package func insert(_ token: IssuedToken) async throws(UserAPIError) {
    try await self.write { session throws(PostgresFailure) in
      try Self.insert(token, in: session)
    }
  }

  package func revokeToken(id: String, at time: Timestamp) async throws(UserAPIError) -> Bool {
    try await self.write { session throws(PostgresFailure) in
      try session.query(
        "UPDATE api_tokens SET revoked_at = coalesce(revoked_at, $2) WHERE id = $1",
        .text(id), .timestamp(time)
      ).changedCount > 0
    }
  }

  package func replaceToken(
    id: String, with token: IssuedToken, endingAt end: Timestamp, at time: Timestamp
  ) async throws(UserAPIError) -> TokenReplacement {
    try await self.write { session throws(PostgresFailure) in
      try session.transaction { () throws(PostgresFailure) in
        let old = try session.query(
          "SELECT \(Self.columns) FROM api_tokens WHERE id = $1 FOR UPDATE", .text(id)
        ).first(Self.token)
        guard let old else { return .unknown }
        switch old.state(at: time) {
        case .revoked: return .revoked
        case .expired: return .expired
        case .valid: break
        }
        try Self.insert(token, in: session)
        let end = min(old.expiresAt ?? end, end)
        try session.query(
          "UPDATE api_tokens SET expires_at = $2 WHERE id = $1", .text(id), .timestamp(end))
        return .replaced(until: end)
      }
    }
  }

  package func recordUses(_ uses: [String: Timestamp]) async throws(UserAPIError) {
    let uses = Array(uses)
    try await self.write { session throws(PostgresFailure) in
      // Several servers write down the same tokens at once: the rows are taken in one order.
      _ = try session.query(
        """
        WITH later AS (
          SELECT t.id, u.used_at
          FROM api_tokens t JOIN unnest($1::text[], $2::timestamptz[]) AS u (id, used_at)
            ON u.id = t.id
          WHERE t.last_used_at IS NULL OR t.last_used_at < u.used_at
          ORDER BY t.id FOR UPDATE OF t
        )
        UPDATE api_tokens t SET last_used_at = later.used_at FROM later WHERE t.id = later.id
        """,
        .texts(uses.map(\.key)), .timestamps(uses.map(\.value)))
    }
  }

  private static func insert(
    _ token: IssuedToken, in session: PostgresSession
  ) throws(PostgresFailure) {
    try session.query(
      """
      INSERT INTO api_tokens (\(Self.columns)) VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9)
      """,
      .text(token.id), .bytes(Array(token.digest.bytes)), .text(token.userID),
      .text(token.role.rawValue), .text(token.scopes?.words.joined(separator: " ")),
      .timestamp(token.createdAt), .timestamp(token.expiresAt), .timestamp(token.revokedAt),
      .timestamp(token.lastUsedAt))
  }

  private static func token(_ row: PostgresRow) throws(PostgresFailure) -> IssuedToken {
    guard let role = Role(rawValue: try row.text(3)),
      let digest = TokenDigest(bytes: try row.bytes(1))
    else {
      throw .unreadable(
        CorruptRow(problem: "token \(try row.text(0)) has an unknown role or no digest"))
    }
    return IssuedToken(
      id: try row.text(0), digest: digest, userID: try row.text(2), role: role,
      // A newer version may know further words, which allow nothing here.
      scopes: try row.textIfAny(4).map {
        Scopes(words: $0.split(separator: " ").map(String.init))
      },
      createdAt: try row.timestamp(5), expiresAt: try row.timestampIfAny(6),
      revokedAt: try row.timestampIfAny(7), lastUsedAt: try row.timestampIfAny(8))
  }
}
