internal import ArgumentParser
internal import AuthService
internal import UserAPI
internal import UserAPIServer

extension TokenCommand {
  struct Rotate: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
      abstract: "Make a token that takes the place of another, and print it like issue.",
      discussion: """
        It is of the same user, role and scopes. Both work until the old one ends, so that there \
        is time to change it everywhere.
        """)

    @Argument(help: "The old token's id.")
    var id: String

    @OptionGroup var expiry: ExpiryOptions

    @Option(
      help: """
        For how long the old one goes on, unless it ends before: a number and s, m, h or d; 0s \
        for not at all. (default: 24h)
        """)
    var overlap: TimeSpan?

    @OptionGroup var database: DatabaseOption

    func run() async throws {
      try await self.database.withAdministration { administration in
        let (secret, token, oldEndsAt) = try await administration.rotateToken(
          id: self.id, overlap: self.overlap?.duration ?? .seconds(24 * 3_600),
          lifetime: self.expiry.lifetime)
        TokenCommand.show(
          token, secret: secret, note: "replaces \(self.id) until \(oldEndsAt)")
      }
    }
  }
}
