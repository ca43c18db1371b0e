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
      is wrong, and with 130 when interrupted. A failure is one line on stderr, with the reason, \
      which scripts can branch on, in brackets.

      To link a phone: user-api session start, then user-api session qr.
      """,
    subcommands: [
      CallCommand.self, SessionCommand.self, WatchCommand.self, GroupsCommand.self,
      ContactsCommand.self,
    ])

  @OptionGroup(title: "Global options") var options: GlobalOptions

  static func main() async {
    let command = Task { await Self.outcome(of: nil) }
    let interrupt = Self.onInterrupt { command.cancel() }
    let outcome = await command.value
    interrupt.cancel()
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

  /// Calls `body` at the first SIGINT; the second ends the program as always.
  private static func onInterrupt(
    _ body: @escaping @Sendable () -> Void
  ) -> any DispatchSourceSignal {
    signal(SIGINT, SIG_IGN)
    let source = DispatchSource.makeSignalSource(signal: SIGINT, queue: .global())
    source.setEventHandler {
      signal(SIGINT, SIG_DFL)
      body()
    }
    source.resume()
    return source
  }
}
