internal import ArgumentParser
internal import Foundation

/// The command-line client of the User API.
@main
struct UserAPICommand: AsyncParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "user-api",
    abstract: "Manage your WhatsApp session and read its groups and contacts.",
    discussion: """
      Prints tables on a terminal, and JSON when piped or with --json. Exits with 0, with 1 when \
      the call failed, with 2 when the server could not be reached, with 64 when the command line \
      is wrong, and with 130 when interrupted or terminated. A failure is one line on stderr, with the reason, \
      which scripts can branch on, in brackets.

      To link a phone: user-api link.
      """,
    subcommands: [
      CallCommand.self, LinkCommand.self, SessionCommand.self, WatchCommand.self,
      GroupsCommand.self, ContactsCommand.self,
    ])

  @OptionGroup(title: "Global options") var options: GlobalOptions

  static func main() async {
    let command = Task { await Self.outcome(of: nil) }
    let signals = [SIGINT, SIGTERM, SIGHUP].map { number in Self.on(number) { command.cancel() } }
    let outcome = await command.value
    for signal in signals { signal.cancel() }
    outcome.show()
    Foundation.exit(outcome.status)
  }

  /// Runs the command that the arguments name; nil for the program's own.
  static func outcome(of arguments: [String]?) async -> Outcome {
    do {
      var command = try await Self.asyncParseAsRoot(arguments)
      if var command = command as? any AsyncParsableCommand {
        try await command.run()
      } else {
        try command.run()
      }
      return .done
    } catch {
      return Outcome(error)
    }
  }

  /// Calls `body` at the first such signal; the second ends the program as always.
  private static func on(
    _ number: Int32, _ body: @escaping @Sendable () -> Void
  ) -> any DispatchSourceSignal {
    signal(number, SIG_IGN)
    let source = DispatchSource.makeSignalSource(signal: number, queue: .global())
    source.setEventHandler {
      signal(number, SIG_DFL)
      body()
    }
    source.resume()
    return source
  }
}
