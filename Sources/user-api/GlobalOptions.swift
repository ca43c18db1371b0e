internal import ArgumentParser
internal import Foundation
internal import UserAPI
internal import UserAPIClient

/// What every command takes, before or after its name.
struct GlobalOptions: ParsableArguments {
  @Option(
    help: ArgumentHelp(
      """
      The server: http://host:port, https://host:port or unix:/path. (env: USER_API_URL; default: \
      \(Self.defaultURL))
      """,
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
      """
      The user to call for, where the token or the certificate has the scope act-as. (env: \
      USER_API_ACT_AS)
      """, valueName: "user"))
  var actAs: String?

  @Option(
    help: ArgumentHelp(
      """
      For https, the CAs that are trusted in place of the system's, in PEM. (env: USER_API_CA)
      """, valueName: "file"))
  var ca: String?

  @Option(
    help: ArgumentHelp(
      "For https, your own certificate, in PEM. (env: USER_API_CERT)", valueName: "file"))
  var cert: String?

  @Option(
    help: ArgumentHelp(
      "The certificate's private key, in PEM. (env: USER_API_KEY)", valueName: "file"))
  var key: String?

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
      tokenFile: isOwn ? self.tokenFile : outer.tokenFile, actAs: self.actAs ?? outer.actAs,
      ca: self.ca ?? outer.ca, cert: self.cert ?? outer.cert, key: self.key ?? outer.key,
      timeout: self.timeout ?? outer.timeout, json: self.json || outer.json)
  }

  struct Merged {
    var url: String?
    var token: String?
    var tokenFile: String?
    var actAs: String?
    var ca: String?
    var cert: String?
    var key: String?
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
      configuration.actAs = Self.value(self.actAs, environment["USER_API_ACT_AS"])
      configuration.tls.caFile = Self.value(self.ca, environment["USER_API_CA"])
      configuration.tls.certificateFile = Self.value(self.cert, environment["USER_API_CERT"])
      configuration.tls.keyFile = Self.value(self.key, environment["USER_API_KEY"])
      if let timeout { configuration.timeout = timeout.duration }
      return configuration
    }

    /// An empty variable counts as none; an option counts as it is.
    private static func value(_ option: String?, _ variable: String?) -> String? {
      option ?? (variable?.isEmpty == true ? nil : variable)
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
