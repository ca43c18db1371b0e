package import AuthService
package import Persistence
package import UserAPI

/// What an operator does to the database from a terminal.
package struct Administration: Sendable {
  private let database: any ServiceDatabase
  private let tokenAdministration: TokenAdministration

  /// Opens the database and brings its schema up to date.
  package init(database url: DatabaseURL) async throws(UserAPIError) {
    self.database = try url.open()
    try await self.database.migrate()
    self.tokenAdministration = TokenAdministration(store: self.database, time: .system)
  }

  /// Makes a token. Its secret is to be had here and never again.
  ///
  /// - Parameters:
  ///   - scopes: What it allows; nil for what the role does.
  ///   - lifetime: For how long it is valid; nil for ever.
  package func issueToken(
    userID: String, role: Role, scopes: Scopes?, lifetime: Duration?
  ) async throws(UserAPIError) -> (secret: TokenSecret, token: IssuedToken) {
    try await self.tokenAdministration.issue(
      userID: userID, role: role, scopes: scopes, lifetime: lifetime)
  }

  /// Makes a token that takes the place of another, as ``TokenAdministration`` does.
  package func rotateToken(
    id: String, overlap: Duration, lifetime: Duration?
  ) async throws(UserAPIError) -> (secret: TokenSecret, token: IssuedToken, oldEndsAt: Timestamp) {
    try await self.tokenAdministration.rotate(id: id, overlap: overlap, lifetime: lifetime)
  }

  /// All tokens, oldest first.
  package func tokens() async throws(UserAPIError) -> [IssuedToken] {
    try await self.tokenAdministration.tokens()
  }

  /// - Returns: false when there is no such token.
  package func revokeToken(id: String) async throws(UserAPIError) -> Bool {
    try await self.tokenAdministration.revoke(id: id)
  }

  package func close() async throws {
    try await self.database.close()
  }
}
