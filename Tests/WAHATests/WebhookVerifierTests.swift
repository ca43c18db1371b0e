import Testing

@testable import WAHA

@Suite struct WebhookVerifierTests {
  /// RFC 4231, sections 4.3, 4.2 and 4.7.
  @Test(arguments: [
    (
      Array("Jefe".utf8), Array("what do ya want for nothing?".utf8),
      "164b7a7bfcf819e2e395fbe73b56e0a387bd64222e831fd610270cd7ea250554"
        + "9758bf75c05a994a6d034f65f8f0e6fdcaeab1a34d4a6b4b636e070a38bce737"
    ),
    (
      [UInt8](repeating: 0x0b, count: 20), Array("Hi There".utf8),
      "87aa7cdea5ef619d4ff0b4241a1d6cb02379f4e2ce4ec2787ad0b30545e17cde"
        + "daa833b7d6b8a702038b274eaea3f4e4be9d914eeb61f1702e696c203a126854"
    ),
    (
      [UInt8](repeating: 0xaa, count: 131),
      Array("Test Using Larger Than Block-Size Key - Hash Key First".utf8),
      "80b24263c7c1a3ebb71493c1dd7be8b49b46d1f41b4aeec1121b013783f8f352"
        + "6b56d037e05f2598bd0fd2215d6a1e5295e64f73f63f0aec8b915a985d786598"
    ),
  ])
  func `a signature is that of the standard`(key: [UInt8], body: [UInt8], hmac: String) {
    let verifier = WebhookVerifier(key: key)
    #expect(verifier.signature(of: Webhook(hmac: hmac, body: body))?.count == 64)
    #expect(verifier.signature(of: Webhook(hmac: hmac, body: body + [0])) == nil)
  }

  private static let body = SignedWebhook.body()
  private static let hmac = SignedWebhook.hmac(body)

  private func isTaken(_ hmac: String?, algorithm: String? = "sha512") throws -> Bool {
    let secret = try #require(WebhookSecret(SignedWebhook.secret))
    return WebhookVerifier(secret: secret).signature(
      of: Webhook(hmac: hmac, algorithm: algorithm, body: Array(Self.body.utf8))) != nil
  }

  @Test func `what was signed with the secret is taken, with its algorithm or without`() throws {
    #expect(try self.isTaken(Self.hmac))
    #expect(try self.isTaken(Self.hmac, algorithm: nil))
  }

  @Test(arguments: ["sha256", "SHA512", "", "sha512,sha512", "none"])
  func `another algorithm is refused`(algorithm: String) throws {
    #expect(try !self.isTaken(Self.hmac, algorithm: algorithm))
  }

  @Test func `a signature that is missing, cut, long or written otherwise is refused`() throws {
    let hmac = Self.hmac
    for wrong in [
      nil, "", String(hmac.dropLast()), String(hmac.dropLast(2)), String(hmac.dropFirst()),
      hmac + "0", hmac + "00", hmac + "," + hmac, hmac.uppercased(), " " + hmac.dropFirst(),
      "0x" + hmac.dropFirst(2), String(repeating: "g", count: 128),
      String(repeating: "\u{e9}", count: 64), String(repeating: "0", count: 128),
    ] {
      #expect(try !self.isTaken(wrong), "\(wrong ?? "none")")
    }
  }

  @Test func `a signature with any one bit turned is refused`() throws {
    let digits = Array(Self.hmac.utf8)
    for index in digits.indices {
      guard let value = Character(Unicode.Scalar(digits[index])).hexDigitValue else { continue }
      for bit in 0..<4 {
        var changed = digits
        changed[index] = Array(String(value ^ (1 << bit), radix: 16).utf8)[0]
        #expect(try !self.isTaken(String(decoding: changed, as: UTF8.self)))
      }
    }
  }

  @Test func `a body with any one byte changed, cut or added is refused`() throws {
    let secret = try #require(WebhookSecret(SignedWebhook.secret))
    let verifier = WebhookVerifier(secret: secret)
    let body = Array(Self.body.utf8)
    for index in body.indices {
      var changed = body
      changed[index] ^= 1
      #expect(verifier.signature(of: Webhook(hmac: Self.hmac, body: changed)) == nil)
      #expect(verifier.signature(of: Webhook(hmac: Self.hmac, body: Array(body[..<index]))) == nil)
    }
    #expect(verifier.signature(of: Webhook(hmac: Self.hmac, body: body + [0x0A])) == nil)
  }

  @Test func `another's secret signs nothing of ours`() throws {
    #expect(try !self.isTaken(SignedWebhook.hmac(Self.body, secret: "0123456789abcdeg")))
  }

  @Test(arguments: [
    ("0123456789abcde", false), ("0123456789abcdef", true), ("", false),
    (String(repeating: "x", count: 512), true), (String(repeating: "x", count: 513), false),
    ("0123456789abcde\u{0}", false), ("0123456789abcde\n", false), ("pass phrase of words", true),
    (String(repeating: "\u{e9}", count: 8), true),
  ])
  func `a secret has 16 bytes or more`(text: String, isTaken: Bool) {
    #expect((WebhookSecret(text) != nil) == isTaken)
  }

  @Test func `neither secret nor webhook is ever printed`() throws {
    let secret = try #require(WebhookSecret("SECRET-of-16-bytes"))
    let url = try #require(WebhookURL("http://localhost"))
    let webhook = SignedWebhook.make(requestID: "SECRET")
    for value in [
      secret, webhook, WebhookReceiver.Configuration(secret: secret),
      WebhookRegistration(url: url, secret: secret),
    ] as [Any] {
      var dumped = ""
      dump(value, to: &dumped)
      for text in ["\(value)", String(reflecting: value), dumped] {
        #expect(!text.contains("SECRET") && !text.contains("1555"), "\(text)")
      }
    }
  }
}
