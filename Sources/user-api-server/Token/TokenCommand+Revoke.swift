internal import ArgumentParser
internal import UserAPIServer

extension TokenCommand {
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
