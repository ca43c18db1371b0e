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

  package func tokens() async throws(UserAPIError) -> [IssuedToken] {
    try await self.read { database in
      try TokenRow.fetchAll(database, sql: "SELECT * FROM api_tokens ORDER BY created_at, id")
        .map { try $0.token }
    }
  }

  package func insert(_ token: IssuedToken) async throws(UserAPIError) {
    try await self.write { database in
      try database.execute(
        sql: """
          INSERT INTO api_tokens
            (id, digest, user_id, role, created_at, expires_at, revoked_at)
          VALUES (?, ?, ?, ?, ?, ?, ?)
          """,
        arguments: [
          token.id, Data(token.digest.bytes), token.userID, token.role.rawValue,
          token.createdAt.description, token.expiresAt?.description,
          token.revokedAt?.description,
        ])
    }
  }

  package func revokeToken(id: String, at time: Timestamp) async throws(UserAPIError) -> Bool {
    try await self.write { database in
      try database.execute(
        sql: "UPDATE api_tokens SET revoked_at = coalesce(revoked_at, ?) WHERE id = ?",
        arguments: [time.description, id])
      return database.changesCount > 0
    }
  }
}

/// A row, whose properties are the columns in camel case.
private struct TokenRow: DatabaseRow {
  let id: String
  let digest: Data
  let userId: String
  let role: String
  let createdAt: StoredTimestamp
  let expiresAt: StoredTimestamp?
  let revokedAt: StoredTimestamp?

  var token: IssuedToken {
    get throws {
      guard let role = Role(rawValue: self.role),
        let digest = TokenDigest(bytes: self.digest)
      else {
        throw CorruptRow(problem: "token \(self.id) has an unknown role or no digest")
      }
      return IssuedToken(
        id: self.id, digest: digest, userID: self.userId,
        role: role, createdAt: self.createdAt.value, expiresAt: self.expiresAt?.value,
        revokedAt: self.revokedAt?.value)
    }
  }
}
