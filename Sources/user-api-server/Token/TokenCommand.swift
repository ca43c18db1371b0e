internal import ArgumentParser
internal import AuthService
internal import UserAPI

struct TokenCommand: AsyncParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "token",
    abstract: "Administer the bearer tokens in the database.",
    subcommands: [Issue.self, List.self, Rotate.self, Revoke.self])

  /// Prints a token that was just made: its secret is alone on the last line.
  ///
  /// - Parameter note: A line more to go before it.
  static func show(_ token: IssuedToken, secret: TokenSecret, note: String? = nil) {
    print("id \(token.id)")
    print("expires \(token.expiresAt?.description ?? "never")")
    print("scopes \((token.scopes ?? token.role.defaultScopes).column)")
    if let note { print(note) }
    print(secret.rawValue)
  }
}

extension Role: ExpressibleByArgument {}

extension Scopes {
  /// The words without a space, `-` for none.
  var column: String {
    self.isEmpty ? "-" : self.words.joined(separator: ",")
  }
}
