import Foundation
import TestKit
import Testing

/// What the server agrees to, and what it refuses (RFC 9113, section 9.2).
@Suite struct TLSHandshakeTests {
  @Test(arguments: ["1.2", "1.3"])
  func `curl calls it`(version: String) async throws {
    try await TLSFixture.with { fixture in
      for url in [fixture.namedURL, fixture.deployment.url] {
        let run = try await fixture.curl(
          "--tlsv\(version)", "--tls-max", version, url: url + "/user.v1.User/getWhatsAppSession")
        #expect(run.output == "null 2 200", "\(run.errors)")
      }
      #expect(!fixture.deployment.server.output.contains("cleartext"))
    }
  }

  @Test(arguments: [
    ["-tls1_3"], ["-tls1_2"], ["-tls1_2", "-cipher", "ECDHE-RSA-AES128-GCM-SHA256"],
  ])
  func `a good handshake agrees on h2`(arguments: [String]) async throws {
    try await TLSFixture.with { fixture in
      let run = try await Run(
        "openssl",
        ["s_client", "-connect", fixture.address, "-CAfile", fixture.ca.certificate]
          + ["-alpn", "http/1.1,h2"] + arguments, in: fixture.folder)
      #expect(run.output.contains("ALPN protocol: h2"), "\(run.errors)")
      #expect(run.output.contains("Verify return code: 0 (ok)"))
      #expect(run.output.contains("Compression: NONE"))
    }
  }

  @Test func `old versions and prohibited suites are refused`() async throws {
    try await TLSFixture.with { fixture in
      for arguments in [
        ["-tls1", "-cipher", "ALL:@SECLEVEL=0"], ["-tls1_1", "-cipher", "ALL:@SECLEVEL=0"],
        ["-tls1_2", "-cipher", "ECDHE-RSA-AES128-SHA"],
        ["-tls1_2", "-cipher", "ECDHE-RSA-AES128-SHA256"],
        ["-tls1_2", "-cipher", "AES128-GCM-SHA256"], ["-tls1_2", "-cipher", "AES256-SHA"],
        ["-tls1_2", "-cipher", "DHE-RSA-AES128-GCM-SHA256"],
      ] {
        let run = try await Run(
          "openssl", ["s_client", "-connect", fixture.address, "-alpn", "h2"] + arguments,
          in: fixture.folder)
        #expect(run.output.contains("Cipher is (NONE)"), "\(arguments)")
        #expect(run.errors.contains("alert"), "\(arguments): \(run.errors)")
      }
    }
  }

  @Test func `without h2 there is not a byte of HTTP`() async throws {
    try await TLSFixture.with { fixture in
      let before = try await fixture.metrics().calls
      let input = "GET / HTTP/1.1\r\nhost: localhost\r\n\r\n"
      for arguments in [["-tls1_2"], ["-tls1_3"]] {
        for protocols in [[], ["-alpn", "http/1.1"], ["-alpn", "spdy/3,http/1.1"]] {
          let run = try await Run(
            "openssl",
            ["s_client", "-connect", fixture.address, "-quiet"] + arguments + protocols,
            in: fixture.folder, input: input)
          #expect(run.output.isEmpty, "\(arguments) \(protocols)")
        }
      }
      // With it there is an answer to the same bytes.
      let agreed = try await fixture.handshake("-alpn", "h2", input: input)
      #expect(agreed.output.contains("HTTP/2 only"), "\(agreed.errors)")
      #expect(try await fixture.metrics().calls == before)
    }
  }

  @Test func `a client that speaks no TLS is refused`() async throws {
    try await TLSFixture.with { fixture in
      let run = try await Run(
        "curl", ["-sS", "--http2-prior-knowledge", "http://\(fixture.address)/"],
        in: fixture.folder)
      #expect(run.status != 0)
      #expect(run.output.isEmpty)
    }
  }

  @Test func `nghttp and h2load call it`() async throws {
    try await TLSFixture.with { fixture in
      let request = fixture.folder.appending(path: "request")
      try Data([0, 0, 0, 0, 2, 0x7B, 0x7D]).write(to: request)
      let headers = [
        "-d", request.path, "-H", "content-type: application/user-api+json", "-H",
        "authorization: Bearer \(fixture.token)",
      ]
      let nghttp = try await Run("nghttp", headers + [fixture.callURL], in: fixture.folder)
      #expect(nghttp.status == 0, "\(nghttp.errors)")
      #expect(nghttp.output.contains("null"))
      let h2load = try await Run(
        "h2load", ["-n", "1000", "-c", "4", "-m", "16"] + headers + [fixture.callURL],
        in: fixture.folder)
      #expect(h2load.output.contains("Application protocol: h2"))
      #expect(h2load.output.contains("1000 succeeded, 0 failed"), "\(h2load.output)")
    }
  }

  @Test func `a handshake that is not finished, or has no HTTP/2 behind it, is ended`() async throws
  {
    try await TLSFixture.with(server: ["--handshake-timeout", "2s"]) { fixture in
      let script = """
        import socket, ssl, sys
        host, port = sys.argv[1].split(":")
        silent = socket.create_connection((host, port))
        print(silent.recv(100).hex())
        context = ssl.create_default_context(cafile=sys.argv[2])
        context.set_alpn_protocols(["h2"])
        idle = context.wrap_socket(socket.create_connection((host, port)),
                                   server_hostname="localhost", suppress_ragged_eofs=False)
        answer = b""
        while part := idle.recv(1000):
            answer += part
        print(answer.hex())
        """
      let run = try await Run(
        "/usr/bin/python3", ["-c", script, fixture.address, fixture.ca.certificate],
        in: fixture.folder)
      #expect(run.status == 0, "\(run.errors)")
      let lines = run.output.split(separator: "\n", omittingEmptySubsequences: false)
      #expect(lines.first?.isEmpty == true)
      // GOAWAY, with ENHANCE_YOUR_CALM, before the end of TLS.
      #expect(lines.dropFirst().first?.contains("00000807000000000000000000" + "0000000b") == true)
      let limits = try await fixture.metrics()
      #expect(limits.contains(#"user_api_limit_exceeded_total{limit="handshake_timeout"} 2"#))
    }
  }

  @Test func `a server that stops says goodbye before the end of TLS`() async throws {
    try await TLSFixture.with { fixture in
      let script = """
        import os, signal, socket, ssl, sys
        host, port = sys.argv[1].split(":")
        shaking = socket.create_connection((host, port))
        context = ssl.create_default_context(cafile=sys.argv[2])
        context.set_alpn_protocols(["h2"])
        client = context.wrap_socket(socket.create_connection((host, port)),
                                     server_hostname="localhost", suppress_ragged_eofs=False)
        client.sendall(b"PRI * HTTP/2.0\\r\\n\\r\\nSM\\r\\n\\r\\n" + bytes([0, 0, 0, 4, 0, 0, 0, 0, 0]))
        answer = client.recv(1000)
        os.kill(int(sys.argv[3]), signal.SIGTERM)
        while part := client.recv(1000):
            answer += part
        print(answer.hex())
        print(shaking.recv(100).hex())
        """
      let run = try await Run(
        "/usr/bin/python3",
        [
          "-c", script, fixture.address, fixture.ca.certificate,
          "\(fixture.deployment.server.identifier)",
        ], in: fixture.folder)
      // A connection that is cut without the end of TLS is an error in this script.
      #expect(run.status == 0, "\(run.errors)")
      #expect(run.output.contains("0000080700000000007fffffff00000000"), "\(run.output)")
      #expect(await fixture.deployment.server.end() == 0)
      for word in [#""level":"error""#, #""level":"warning""#] {
        #expect(!fixture.deployment.server.output.contains(word))
      }
    }
  }
}

extension String {
  /// The lines that count calls.
  fileprivate var calls: [Substring] {
    self.split(separator: "\n").filter { $0.hasPrefix("user_api_calls_total") }
  }
}
