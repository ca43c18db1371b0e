internal import ArgumentParser

/// `user-api-server`: parses arguments; ``UserAPIServer`` does the rest.
@main
struct UserAPIServerCommand: AsyncParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "user-api-server",
    abstract: "Lets internal services manage their users' WhatsApp sessions through WAHA.",
    subcommands: [
      ServeCommand.self, TokenCommand.self, MigrateCommand.self, HealthCommand.self,
    ],
    defaultSubcommand: ServeCommand.self)
}
