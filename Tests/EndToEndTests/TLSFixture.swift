import Foundation
import TestKit
import Testing

/// A deployment whose server speaks TLS, and the certificates around it.
struct TLSFixture: Sendable {
  let deployment: Deployment
  /// Signed the server's certificate.
  let ca: CertificateAuthority
  /// Signs what the server takes from clients.
  let clientCA: CertificateAuthority
  let token: String
  /// What the server's settings name. Writing there is what an operator does.
  let certificate: URL
  let key: URL

  /// Runs `body` with a server at `localhost` and `127.0.0.1`, whose key is an RSA key.
  ///
  /// - Parameter services: Whose clients' certificates are, in JSON; nil when they prove nothing. It is
  ///   in the file `services.json`.
  static func with(
    server: [String] = [], services: String? = nil, _ body: (TLSFixture) async throws -> Void
  ) async throws {
    var authorities: [CertificateAuthority] = []
    try await Deployment.with(
      server: server,
      isSpread: false,
      prepare: { folder in
        let ca = try await CertificateAuthority("ca", in: folder)
        let clientCA = try await CertificateAuthority("client-ca", in: folder)
        let files = try await ca.issue(
          "server", names: ["DNS:localhost", "IP:127.0.0.1"], isRSA: true)
        authorities = [ca, clientCA]
        try services?.write(
          to: folder.appending(path: "services.json"), atomically: true, encoding: .utf8)
        return [
          "--tls-cert", files.certificate, "--tls-key", files.key, "--tls-client-ca",
          clientCA.certificate,
        ] + (services == nil ? [] : ["--tls-client-services", "services.json"])
      }
    ) { deployment in
      try await body(
        TLSFixture(
          deployment: deployment, ca: authorities[0], clientCA: authorities[1],
          token: try await deployment.token(user: "alice").secret,
          certificate: deployment.folder.appending(path: "server.pem"),
          key: deployment.folder.appending(path: "server.key")))
    }
  }

  var folder: URL { self.deployment.folder }
  /// `127.0.0.1` and the port.
  var address: String { String(self.deployment.url.dropFirst("https://".count)) }
  /// The server by its name.
  var namedURL: String {
    self.deployment.url.replacingOccurrences(of: "127.0.0.1", with: "localhost")
  }
  var callURL: String { self.namedURL + "/user.v1.User/getWhatsAppSession" }

  /// A call in bare JSON.
  func curl(_ arguments: String..., url: String? = nil) async throws -> Run {
    try await Run(
      "curl",
      ["-sS", "--http2", "--cacert", self.ca.certificate, "-w", " %{http_version} %{http_code}"]
        + arguments
        + [
          "-H", "authorization: Bearer \(self.token)", "-H", "content-type: application/json",
          "-d", "{}", url ?? self.callURL,
        ], in: self.folder)
  }

  /// A handshake, and what the server sends as the answer to `input` before it closes.
  func handshake(_ arguments: String..., input: String? = nil) async throws -> Run {
    try await Run(
      "openssl",
      ["s_client", "-connect", self.address, "-CAfile", self.ca.certificate]
        + (input == nil ? [] : ["-quiet"]) + arguments,
      in: self.folder, input: input)
  }

  /// The subject of the certificate that a new connection gets.
  func servedSubject() async throws -> String? {
    try await self.handshake("-alpn", "h2").output.split(separator: "\n")
      .first { $0.hasPrefix("subject=") }.map(String.init)
  }

  /// Runs the command-line client.
  func userAPI(
    _ arguments: String..., environment: [String: String] = [:]
  ) async throws -> Run {
    try await self.userAPI(arguments: arguments, environment: environment)
  }

  func userAPI(
    arguments: [String], environment: [String: String] = [:]
  ) async throws -> Run {
    try await Run(
      "user-api", arguments,
      environment: ["USER_API_URL": self.namedURL, "USER_API_TOKEN": self.token]
        .merging(environment) { $1 },
      in: self.folder)
  }

  /// Puts other files in the place of the server's, and tells it.
  func replace(certificate: String, key: String) throws {
    for (source, target) in [(certificate, self.certificate), (key, self.key)] {
      try Data(contentsOf: URL(fileURLWithPath: source)).write(to: target)
    }
    self.deployment.server.signal(SIGHUP)
  }

  func metrics() async throws -> String {
    try await Run("curl", ["-sS", self.deployment.adminURL + "/metrics"], in: self.folder).output
  }
}
