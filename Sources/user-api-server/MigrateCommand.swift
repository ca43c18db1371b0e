internal import ArgumentParser

struct MigrateCommand: AsyncParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "migrate",
    abstract: "Create or upgrade the database's schema.",
    discussion: "serve does it too; safe to run while servers do.")

  @OptionGroup var database: DatabaseOption

  func run() async throws {
    try await self.database.withAdministration { _ in
      print("the schema is up to date")
    }
  }
}
