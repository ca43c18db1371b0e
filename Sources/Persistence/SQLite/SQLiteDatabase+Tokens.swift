package import AuthService
internal import Foundation
internal import GRDB
package import UserAPI

extension SQLiteDatabase: TokenStore {
  package func token(digest: TokenDigest) async throws(UserAPIError) -> IssuedToken? {
    try await self.read { database in
      try TokenRow.fetchOne(
        database, sql: "SELECT * FROM api_tokens WHERE digest = ?",
        arguments: [Data(digest.bytes)]
      )?.token
    }
  }

  package func token(id: String) async throws(UserAPIError) -> IssuedToken? {
    try await self.read { database in try Self.token(id: id, in: database) }
  }

  package func tokens() async throws(UserAPIError) -> [IssuedToken] {
    try await self.read { database in
      try TokenRow.fetchAll(database, sql: "SELECT * FROM api_tokens ORDER BY created_at, id")
        .map { try $0.token }
    }
  }

  package func insert(_ token: IssuedToken) async throws(UserAPIError) {
    try await self.write { database in try Self.insert(token, in: database) }
  }

  package func revokeToken(id: String, at time: Timestamp) async throws(UserAPIError) -> Bool {
    try await self.write { database in
      try database.execute(
        sql: "UPDATE api_tokens SET revoked_at = coalesce(revoked_at, ?) WHERE id = ?",
        arguments: [time.description, id])
      return database.changesCount > 0
    }
  }

  package func replaceToken(
    id: String, with token: IssuedToken, endingAt end: Timestamp, at time: Timestamp
  ) async throws(UserAPIError) -> TokenReplacement {
    try await self.write { database in
      guard let old = try Self.token(id: id, in: database) else { return .unknown }
      switch old.state(at: time) {
      case .revoked: return .revoked
      case .expired: return .expired
      case .valid: break
      }
      try Self.insert(token, in: database)
      let end = min(old.expiresAt ?? end, end)
      try database.execute(
        sql: "UPDATE api_tokens SET expires_at = ? WHERE id = ?",
        arguments: [end.description, id])
      return .replaced(until: end)
    }
  }

  package func recordUses(_ uses: [String: Timestamp]) async throws(UserAPIError) {
    try await self.write { database in
      // The texts of two times are in the order of the times.
      let statement = try database.makeStatement(
        sql: """
          UPDATE api_tokens SET last_used_at = ?
          WHERE id = ? AND (last_used_at IS NULL OR last_used_at < ?)
          """)
      for (id, time) in uses {
        try statement.execute(arguments: [time.description, id, time.description])
      }
    }
  }

  private static func token(id: String, in database: Database) throws -> IssuedToken? {
    try TokenRow.fetchOne(
      database, sql: "SELECT * FROM api_tokens WHERE id = ?", arguments: [id]
    )?.token
  }

  private static func insert(_ token: IssuedToken, in database: Database) throws {
    try database.execute(
      sql: """
        INSERT INTO api_tokens
          (id, digest, user_id, role, scopes, created_at, expires_at, revoked_at, last_used_at)
        VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?)
        """,
      arguments: [
        token.id, Data(token.digest.bytes), token.userID, token.role.rawValue,
        token.scopes?.words.joined(separator: " "), token.createdAt.description,
        token.expiresAt?.description, token.revokedAt?.description,
        token.lastUsedAt?.description,
      ])
  }
}

/// A row, whose properties are the columns in camel case.
private struct TokenRow: DatabaseRow {
  let id: String
  let digest: Data
  let userId: String
  let role: String
  /// Words with a space between them, none of them for none; null for the role's.
  let scopes: String?
  let createdAt: StoredTimestamp
  let expiresAt: StoredTimestamp?
  let revokedAt: StoredTimestamp?
  let lastUsedAt: StoredTimestamp?

  var token: IssuedToken {
    get throws {
      guard let role = Role(rawValue: self.role),
        let digest = TokenDigest(bytes: self.digest)
      else {
        throw CorruptRow(problem: "token \(self.id) has an unknown role or no digest")
      }
      return IssuedToken(
        id: self.id, digest: digest, userID: self.userId, role: role,
        // A newer version may know further words, which allow nothing here.
        scopes: self.scopes.map { Scopes(words: $0.split(separator: " ").map(String.init)) },
        createdAt: self.createdAt.value, expiresAt: self.expiresAt?.value,
        revokedAt: self.revokedAt?.value, lastUsedAt: self.lastUsedAt?.value)
    }
  }
}
