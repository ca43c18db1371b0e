internal import ArgumentParser
internal import AuthService
internal import UserAPI
internal import UserAPIServer

struct TokenCommand: AsyncParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "token",
    abstract: "Administer the bearer tokens in the database.",
    subcommands: [Issue.self, List.self, Revoke.self])

  struct Issue: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
      abstract: "Make a token and print it, alone on the last line.",
      discussion: "It is shown this once: only its hash is stored.")

    @Option(help: "The user whom the token stands for.")
    var user: String

    @Option(help: "GUEST, USER, ADMIN or SERVICE.")
    var role: Role = .user

    @Option(help: "For how long it is valid: a number and s, m, h or d. (default: for ever)")
    var expires: Lifetime?

    @OptionGroup var database: DatabaseOption

    func validate() throws {
      guard UserID.isValid(self.user) else {
        throw ValidationError("--user must be 1 to 255 bytes without spaces")
      }
    }

    func run() async throws {
      try await self.database.withAdministration { administration in
        let (secret, token) = try await administration.issueToken(
          userID: self.user, role: self.role, lifetime: self.expires?.duration)
        print("id \(token.id)")
        print("expires \(token.expiresAt?.description ?? "never")")
        print(secret.rawValue)
      }
    }
  }

  struct List: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
      abstract: "Print a line a token: id, user, role, created, expires, state.")

    @OptionGroup var database: DatabaseOption

    func run() async throws {
      try await self.database.withAdministration { administration in
        let now = TimeSource.system.wallClock()
        for token in try await administration.tokens() {
          let state =
            token.revokedAt != nil
            ? "revoked" : token.expiresAt.map { $0 <= now } == true ? "expired" : "valid"
          print(
            token.id, token.userID, token.role.rawValue, token.createdAt,
            token.expiresAt?.description ?? "never", state)
        }
      }
    }
  }

  struct Revoke: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
      abstract: "Take a token back. Servers refuse it within a second.")

    @Argument(help: "The token's id.")
    var id: String

    @OptionGroup var database: DatabaseOption

    func run() async throws {
      try await self.database.withAdministration { administration in
        guard try await administration.revokeToken(id: self.id) else {
          Failure.report("there is no token \(self.id)")
          throw ExitCode.failure
        }
        print("revoked \(self.id)")
      }
    }
  }
}

extension Role: ExpressibleByArgument {}

/// For how long a token is valid.
struct Lifetime: ExpressibleByArgument {
  let duration: Duration

  init?(argument: String) {
    guard let duration = Duration(text: argument), duration > .zero else { return nil }
    self.duration = duration
  }
}
