internal import ArgumentParser
internal import AuthService
internal import UserAPI
internal import UserAPIServer

extension TokenCommand {
  struct List: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
      abstract: """
        Print a line a token: id, user, role, scopes, created, expires, last used, state.
        """,
      discussion: """
        The oldest comes first. Scopes are "default" where the role says them; a token that does \
        not expire does so "never"; "-" is for no scopes and for a token that was not used. The \
        last use is written down once a minute and when a server stops.
        """)

    @OptionGroup var database: DatabaseOption

    func run() async throws {
      try await self.database.withAdministration { administration in
        let now = TimeSource.system.wallClock()
        for token in try await administration.tokens() {
          print(
            token.id, token.userID, token.role.rawValue, token.scopes?.column ?? "default",
            token.createdAt, token.expiresAt?.description ?? "never",
            token.lastUsedAt?.description ?? "-", token.state(at: now).rawValue)
        }
      }
    }
  }
}
