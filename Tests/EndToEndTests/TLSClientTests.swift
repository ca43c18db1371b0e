import Foundation
import TestKit
import Testing
import UserAPI
import UserAPIClient

/// The client library and the command line over TLS, and clients' certificates.
@Suite struct TLSClientTests {
  @Test func `the command line trusts the CA it is given, by name and by address`() async throws {
    try await TLSFixture.with { fixture in
      let ca = fixture.ca.certificate
      let byName = try await fixture.userAPI("session", "show", "--ca", ca)
      #expect(byName.output == "null\n", "\(byName.errors)")
      let byAddress = try await fixture.userAPI(
        "session", "show", environment: ["USER_API_CA": ca, "USER_API_URL": fixture.deployment.url])
      #expect(byAddress.output == "null\n", "\(byAddress.errors)")
    }
  }

  @Test func `a server that the CAs do not vouch for is no server`() async throws {
    try await TLSFixture.with { fixture in
      for run in [
        // The system's CAs, and one that is not the server's.
        try await fixture.userAPI("session", "show"),
        try await fixture.userAPI("session", "show", "--ca", fixture.clientCA.certificate),
      ] {
        #expect(run.status == 2)
        #expect(
          run.errors.hasSuffix(": the server's certificate is not trusted (CONNECTION_FAILED)\n"),
          "\(run.errors)")
      }
    }
  }

  @Test func `a certificate for another host is none`() async throws {
    try await TLSFixture.with { fixture in
      let files = try await fixture.ca.issue("elsewhere", names: ["DNS:elsewhere", "IP:127.0.0.2"])
      try fixture.replace(certificate: files.certificate, key: files.key)
      try await eventually("the new certificate is served") {
        try await fixture.servedSubject()?.contains("elsewhere") == true
      }
      for url in [fixture.namedURL, fixture.deployment.url] {
        let run = try await fixture.userAPI(
          "session", "show", "--ca", fixture.ca.certificate, environment: ["USER_API_URL": url])
        #expect(run.status == 2)
        #expect(
          run.errors.hasSuffix(
            ": the server's certificate is for another host (CONNECTION_FAILED)\n"),
          "\(run.errors)")
      }
    }
  }

  @Test func `a server without h2 is refused, and so is one without TLS`() async throws {
    try await TLSFixture.with { fixture in
      let admin = fixture.deployment.adminURL.replacingOccurrences(of: "http:", with: "https:")
      let run = try await fixture.userAPI(
        "session", "show", "--ca", fixture.ca.certificate, environment: ["USER_API_URL": admin])
      #expect(run.status == 2)
      #expect(run.errors.contains("the TLS handshake failed"), "\(run.errors)")

      let script = """
        import socket, ssl, sys
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        context.load_cert_chain(sys.argv[1], sys.argv[2])
        context.set_alpn_protocols(["http/1.1"])
        listener = socket.create_server(("127.0.0.1", 0))
        print("port", listener.getsockname()[1], flush=True)
        with context.wrap_socket(listener.accept()[0], server_side=True) as connection:
            print("got", connection.recv(100).hex(), flush=True)
        """
      let server = try Program(
        "/usr/bin/python3", ["-c", script, fixture.certificate.path, fixture.key.path],
        in: fixture.folder)
      let line = try await server.line { $0.hasPrefix("port ") }
      let other = "https://localhost:" + line.dropFirst("port ".count)
      let refused = try await fixture.userAPI(
        "session", "show", "--ca", fixture.ca.certificate, environment: ["USER_API_URL": other])
      #expect(refused.status == 2)
      #expect(
        refused.errors.hasSuffix(
          ": the server did not agree on HTTP/2 (ALPN h2) (CONNECTION_FAILED)\n"),
        "\(refused.errors)")
      // It got the end of TLS, and no HTTP/2 before it.
      #expect(try await server.line { $0.hasPrefix("got") } == "got ")
      #expect(await server.end() == 0)
    }
  }

  @Test func `a client's certificate is named in the call's log, and one is not needed`()
    async throws
  {
    try await TLSFixture.with { fixture in
      let files = try await fixture.clientCA.issue(
        "billing", names: ["DNS:billing.internal", "URI:spiffe://example.org/billing"])
      #expect(try await fixture.curl().output == "null 2 200")
      #expect(!fixture.deployment.server.output.contains(#""certificate""#))
      let run = try await fixture.userAPI(
        "session", "show", "--ca", fixture.ca.certificate, "--cert", files.certificate,
        environment: ["USER_API_KEY": files.key])
      #expect(run.output == "null\n", "\(run.errors)")
      let line = try await fixture.deployment.server.line { $0.contains(#""certificate""#) }
      #expect(line.contains("spiffe:") && line.contains("example.org"))
      #expect(line.contains(#""code":"ok""#))
      #expect(!line.contains("billing.internal"))
      // It is no token.
      let nobody = try await fixture.userAPI(
        "session", "show", "--ca", fixture.ca.certificate, "--cert", files.certificate, "--key",
        files.key, environment: ["USER_API_TOKEN": ""])
      #expect(nobody.errors.hasSuffix("(TOKEN_MISSING)\n"), "\(nobody.errors)")
    }
  }

  @Test(arguments: ["1.2", "1.3"])
  func `a certificate from the wrong CA fails the handshake`(version: String) async throws {
    try await TLSFixture.with { fixture in
      let files = try await fixture.ca.issue("stranger", names: ["URI:spiffe://example.org/x"])
      let run = try await fixture.curl(
        "--tls-max", version, "--cert", files.certificate, "--key", files.key)
      #expect(run.status != 0)
      #expect(run.output == " 0 000" || run.output == " 2 000", "\(run.output)")
      _ = try await fixture.deployment.server.line { $0.contains("CERTIFICATE_VERIFY_FAILED") }
      let client = try await fixture.userAPI(
        "session", "show", "--ca", fixture.ca.certificate, "--cert", files.certificate, "--key",
        files.key)
      #expect(client.status == 2)
      #expect(client.errors.hasSuffix("(CONNECTION_FAILED)\n"), "\(client.errors)")
      #expect(!fixture.deployment.server.output.contains(#""message":"call ended""#))
    }
  }

  @Test func `a client whose certificate is refused is told so`() async throws {
    try await TLSFixture.with { fixture in
      let files = try await fixture.ca.issue("stranger", names: ["URI:spiffe://example.org/x"])
      // A server that keeps the socket until the client has gone: the alert cannot get lost.
      let script = """
        import os, socket, ssl, sys
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        context.load_cert_chain(sys.argv[1], sys.argv[2])
        context.load_verify_locations(sys.argv[3])
        context.verify_mode = ssl.CERT_REQUIRED
        context.set_alpn_protocols(["h2"])
        listener = socket.create_server(("127.0.0.1", 0))
        print("port", listener.getsockname()[1], flush=True)
        connection = context.wrap_socket(listener.accept()[0], server_side=True,
                                         do_handshake_on_connect=False)
        try:
            connection.do_handshake()
        except ssl.SSLError:
            while os.read(connection.fileno(), 1000):
                pass
        """
      let server = try Program(
        "/usr/bin/python3",
        [
          "-c", script, fixture.certificate.path, fixture.key.path, fixture.clientCA.certificate,
        ], in: fixture.folder)
      let line = try await server.line { $0.hasPrefix("port ") }
      let client = try await fixture.userAPI(
        "session", "show", "--ca", fixture.ca.certificate, "--cert", files.certificate, "--key",
        files.key,
        environment: ["USER_API_URL": "https://localhost:" + line.dropFirst("port ".count)])
      #expect(client.status == 2)
      #expect(
        client.errors.hasSuffix(": TLS failed (TLSV1_ALERT_UNKNOWN_CA) (CONNECTION_FAILED)\n"),
        "\(client.errors)")
      #expect(await server.end() == 0)
    }
  }

  @Test func `a reload is for new connections; one that is open goes on`() async throws {
    try await TLSFixture.with { fixture in
      var configuration = UserAPIClient.Configuration(url: fixture.namedURL, token: fixture.token)
      configuration.tls.caFile = fixture.ca.certificate
      try await UserAPIClient.withClient(configuration: configuration) { client in
        #expect(try await client.getWhatsAppSession() == nil)
        // Of a CA that the client does not trust: it could not connect again.
        let files = try await fixture.clientCA.issue(
          "renewed", names: ["DNS:localhost", "IP:127.0.0.1"])
        try fixture.replace(certificate: files.certificate, key: files.key)
        _ = try await fixture.deployment.server.line { $0.contains("TLS certificate reloaded") }
        #expect(try await fixture.servedSubject() == "subject=CN = renewed")
        #expect(try await client.getWhatsAppSession() == nil)
      }
      await #expect(throws: UserAPIError.self) {
        try await UserAPIClient.withClient(configuration: configuration) { client in
          try await client.getWhatsAppSession()
        }
      }
    }
  }

  @Test func `a reload that fails keeps what there is`() async throws {
    try await TLSFixture.with { fixture in
      let other = try await fixture.ca.issue("other", names: ["DNS:localhost"])
      // A key that is not the certificate's.
      try fixture.replace(certificate: fixture.certificate.path, key: other.key)
      let line = try await fixture.deployment.server.line { $0.contains("not reloaded") }
      #expect(line.contains("USER_API_TLS_KEY"))
      #expect(line.contains(#""level":"error""#))
      #expect(try await fixture.servedSubject() == "subject=CN = server")
      try Data("no certificate\n".utf8).write(to: fixture.certificate)
      fixture.deployment.server.signal(SIGHUP)
      _ = try await fixture.deployment.server.line {
        $0.contains("not reloaded") && $0.contains("USER_API_TLS_CERT:")
      }
      #expect(try await fixture.servedSubject() == "subject=CN = server")
      #expect(try await fixture.curl().output == "null 2 200")
    }
  }

  @Test func `files that are bad stop the server with one line that names the setting`()
    async throws
  {
    try await TLSFixture.with { fixture in
      let other = try await fixture.ca.issue("other", names: ["DNS:localhost"])
      let certificate = fixture.certificate.path
      let key = fixture.key.path
      for (name, arguments) in [
        ("USER_API_TLS_CERT", ["--tls-cert", "/nonexistent", "--tls-key", key]),
        ("USER_API_TLS_CERT", ["--tls-cert", key, "--tls-key", key]),
        ("USER_API_TLS_CERT", ["--tls-cert", certificate]),
        ("USER_API_TLS_KEY", ["--tls-cert", certificate, "--tls-key", "/nonexistent"]),
        ("USER_API_TLS_KEY", ["--tls-cert", certificate, "--tls-key", certificate]),
        ("USER_API_TLS_KEY", ["--tls-cert", certificate, "--tls-key", other.key]),
        (
          "USER_API_TLS_CLIENT_CA",
          ["--tls-cert", certificate, "--tls-key", key, "--tls-client-ca", key]
        ),
      ] {
        let run = try await Run("user-api-server", ["serve"] + arguments, in: fixture.folder)
        #expect(run.status == 78)
        #expect(run.errors.hasPrefix("user-api-server: \(name): "), "\(run.errors)")
        #expect(run.errors.split(separator: "\n").count == 1)
      }
    }
  }

  @Test func `without TLS a SIGHUP ends nothing`() async throws {
    try await Deployment.with(isSpread: false) { deployment in
      deployment.server.signal(SIGHUP)
      _ = try await deployment.server.line { $0.contains("no TLS certificate to reload") }
      let token = try await deployment.token(user: "alice").secret
      #expect(try await deployment.call("getWhatsAppSession", token: token).body == "null")
    }
  }
}
