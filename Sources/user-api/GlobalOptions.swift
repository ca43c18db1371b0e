internal import ArgumentParser
internal import Foundation
internal import UserAPI
internal import UserAPIClient

/// What every command takes, before or after its name.
struct GlobalOptions: ParsableArguments {
  @Option(
    help: ArgumentHelp(
      "The server: http://host:port or unix:/path. (env: USER_API_URL; default: \(Self.defaultURL))",
      valueName: "url"))
  var url: String?

  @Option(
    help: ArgumentHelp(
      """
      The bearer token. Other users of this machine can see it here: better use the environment \
      or a file. (env: USER_API_TOKEN)
      """, valueName: "token"))
  var token: String?

  @Option(help: ArgumentHelp("A file with the token in it.", valueName: "file"))
  var tokenFile: String?

  @Option(
    help: ArgumentHelp(
      "How long a call may take: a number and s, m, h or d. (default: 30s)", valueName: "time"))
  var timeout: TimeLimit?

  @Flag(help: "Print JSON on a terminal, too.")
  var json = false

  static let defaultURL = "http://127.0.0.1:8080"

  /// These options, and where they say nothing those that stood before the command's name.
  func merged(over outer: GlobalOptions) -> Merged {
    // Of a token and a file the one that stands nearer to the command counts.
    let isOwn = self.token != nil || self.tokenFile != nil
    return Merged(
      url: self.url ?? outer.url, token: isOwn ? self.token : outer.token,
      tokenFile: isOwn ? self.tokenFile : outer.tokenFile, timeout: self.timeout ?? outer.timeout,
      json: self.json || outer.json)
  }

  struct Merged {
    var url: String?
    var token: String?
    var tokenFile: String?
    var timeout: TimeLimit?
    var json: Bool

    /// - Throws: ``CommandFailure`` when the token's file cannot be read.
    func configuration(
      environment: [String: String]
    ) throws -> UserAPIClient.Configuration {
      var configuration = UserAPIClient.Configuration(
        url: self.url ?? environment["USER_API_URL"] ?? GlobalOptions.defaultURL,
        token: try self.token ?? self.tokenFromFile() ?? environment["USER_API_TOKEN"])
      if configuration.token?.isEmpty == true { configuration.token = nil }
      if let timeout { configuration.timeout = timeout.duration }
      return configuration
    }

    private func tokenFromFile() throws -> String? {
      guard let tokenFile else { return nil }
      do {
        return try String(contentsOfFile: tokenFile, encoding: .utf8)
          .trimmingCharacters(in: .whitespacesAndNewlines)
      } catch {
        throw CommandFailure(
          message: "--token-file: cannot read \(tokenFile)", status: CommandFailure.usage)
      }
    }
  }
}
