internal import ArgumentParser
internal import AuthService
internal import UserAPI
internal import UserAPIServer

extension TokenCommand {
  struct Issue: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
      abstract: "Make a token and print it, alone on the last line.",
      discussion: "It is shown this once: only its hash is stored.")

    @Option(help: "The user whom the token stands for; with --role SERVICE the service's name.")
    var user: String

    @Option(help: "GUEST, USER, ADMIN or SERVICE.")
    var role: Role = .user

    @Option(
      help: """
        What it allows, in place of what the role does: some of \(Scope.list), with commas \
        between them. (default: the role's)
        """,
      transform: Self.scopes)
    var scopes: Scopes?

    @OptionGroup var expiry: ExpiryOptions

    @OptionGroup var database: DatabaseOption

    func validate() throws {
      guard UserName.isValid(self.user) else {
        throw ValidationError("--user must be 1 to 255 bytes without spaces")
      }
    }

    func run() async throws {
      try await self.database.withAdministration { administration in
        let (secret, token) = try await administration.issueToken(
          userID: self.user, role: self.role, scopes: self.scopes,
          lifetime: self.expiry.lifetime)
        TokenCommand.show(token, secret: secret)
      }
    }

    /// Unlike a token's own words, one that is not known is a mistake here.
    private static func scopes(_ text: String) throws -> Scopes {
      try text.split(separator: ",", omittingEmptySubsequences: false).reduce(into: []) {
        guard let scope = Scope(rawValue: String($1)) else {
          throw ValidationError("'\($1)' is no scope; there are \(Scope.list)")
        }
        $0.insert(Scopes(scope))
      }
    }
  }
}

extension Scope {
  fileprivate static var list: String {
    Self.allCases.map(\.rawValue).joined(separator: ", ")
  }
}
