import TestKit
import Testing

@testable import AuthService

@Suite(.timeLimit(.minutes(10))) struct JWTKeySetTests {
  private func keySet(
    _ document: [UInt8], acceptsSymmetric: Bool = true
  ) async throws(JWTKeySetError) -> JWTKeySet {
    try await JWTKeySet(document: document, acceptsSymmetric: acceptsSymmetric)
  }

  private func keySet(_ text: String) async throws(JWTKeySetError) -> JWTKeySet {
    try await self.keySet(Array(text.utf8))
  }

  @Test(arguments: ["RS256", "ES256", "EdDSA", "HS256"])
  func `a key may say what it is for, and carry its private half`(name: String) async throws {
    let signer = try await JWTSigner.make(name)
    let set = try await self.keySet(
      JWTSigner.keySet(
        signer.jwk(id: "1", #""use":"sig","alg":"\#(name)","key_ops":["sign","verify"]"#),
        signer.jwk(id: "2", #""d":"AA","p":7,"x5c":["AA"],"x5t":null,"ext":true"#),
        signer.jwk(id: "3", #""use":null,"alg":null"#), signer.jwk(id: nil)))
    #expect(set.count == 4)
    #expect(set.skipped == 0)
  }

  @Test(arguments: [
    #""use":"enc""#, #""use":"SIG""#, #""use":["sig"]"#, #""key_ops":["sign"]"#, #""key_ops":[]"#,
    #""key_ops":"verify""#, #""alg":"PS256""#, #""alg":"none""#, #""alg":"EdDSA""#, #""alg":7"#,
    #""kid":7"#, #""kid":"\#(String(repeating: "k", count: 257))""#, #""x":"AA""#, #""x":null"#,
    #""x":7"#, #""crv":"P-384""#, #""crv":"secp256k1""#, #""crv":null"#, #""kty":"ec""#,
    #""kty":"RSA""#, #""kty":"OKP""#, #""kty":"AKP""#, #""kty":null"#, #""kty":["EC"]"#,
    #""y":"\#(String(repeating: "A", count: 43))""#,
    #""y":"\#(String(repeating: "A", count: 100_000))""#,
  ])
  func `a key for something else, or that makes no sense, is skipped`(more: String) async throws {
    let signer = try await JWTSigner.es256()
    let set = try await self.keySet(
      JWTSigner.keySet(signer.jwk(id: "bad", more), signer.jwk(id: "good")))
    #expect(set.count == 1)
    #expect(set.skipped == 1)
    await #expect(throws: JWTKeySetError("it has no key that can be used")) {
      try await self.keySet(JWTSigner.keySet(signer.jwk(id: "bad", more)))
    }
  }

  @Test(
    arguments: [
      // 1,024 bits, 2,047 bits, and 8,193.
      (128, 0xFF, "AQAB", false), (256, 0x7F, "AQAB", false), (1_025, 0x01, "AQAB", false),
      (256, 0x80, "AQAB", true), (512, 0xFF, "AQAB", true), (1_024, 0xFF, "AQAB", true),
      // 3 and 65,537 with a sign; then 1, 0, 65,536, none, and 33 bits.
      (256, 0x80, "Aw", true), (256, 0x80, "AAEAAQ", true), (256, 0x80, "AQ", false),
      (256, 0x80, "AA", false), (256, 0x80, "AQAA", false), (256, 0x80, "", false),
      (256, 0x80, "AQAAAAE", false), (256, 0x80, "AQAB=", false),
    ] as [(Int, UInt8, String, Bool)])
  func `RSA has 2,048 to 8,192 bits and an exponent that makes sense`(
    count: Int, first: UInt8, e: String, isTaken: Bool
  ) async throws {
    let modulus = [first] + Array(repeating: 0xAB, count: count - 1)
    for n in [modulus, [0] + modulus].map(JWTSigner.base64URL) {
      let document = JWTSigner.keySet(#"{"kty":"RSA","n":"\#(n)","e":"\#(e)"}"#)
      #expect(((try? await self.keySet(document)) != nil) == isTaken)
      // The library refuses most of these as well, and others in time perhaps; the rule is ours.
      #expect(((try? JWTKey.rsa(n, e)) != nil) == isTaken)
    }
  }

  @Test func `a secret has 32 bytes, and is taken only where it is kept as one`() async throws {
    for (count, isTaken) in [(0, false), (31, false), (32, true), (64, true)] {
      let k = JWTSigner.base64URL(Array(repeating: 1, count: count))
      let document = JWTSigner.keySet(#"{"kty":"oct","k":"\#(k)"}"#)
      #expect(((try? await self.keySet(document)) != nil) == isTaken)
      #expect((try? await self.keySet(document, acceptsSymmetric: false)) == nil)
    }
    let (secret, key) = (try await JWTSigner.hs256(), try await JWTSigner.edDSA())
    let set = try await self.keySet(
      JWTSigner.keySet(secret.jwk(id: "1"), key.jwk(id: "2")), acceptsSymmetric: false)
    #expect(set.count == 1)
    #expect(set.skipped == 1)
  }

  @Test func `a point that is not on the curve is skipped`() async throws {
    let x = JWTSigner.base64URL(Array(repeating: 5, count: 32))
    let document = JWTSigner.keySet(#"{"kty":"EC","crv":"P-256","x":"\#(x)","y":"\#(x)"}"#)
    await #expect(throws: JWTKeySetError.self) { try await self.keySet(document) }
  }

  @Test func `what is no object among the keys is skipped`() async throws {
    let jwk = try await JWTSigner.edDSA().jwk(id: "key")
    let set = try await self.keySet(#"{"keys":[null,7,1e300,[],"x",{},\#(jwk)],"x":{}}"#)
    #expect(set.count == 1)
    #expect(set.skipped == 6)
  }

  @Test func `of different keys of one id for one algorithm none is taken`() async throws {
    let (first, second) = (try await JWTSigner.edDSA(), try await JWTSigner.edDSA())
    let (third, other) = (try await JWTSigner.edDSA(), try await JWTSigner.es256())
    let set = try await self.keySet(
      JWTSigner.keySet(
        first.jwk(id: "key"), second.jwk(id: "key"), other.jwk(id: "key"), third.jwk(id: "key"),
        first.jwk(id: "key")))
    #expect(set.count == 1)
    #expect(set.skipped == 4)
    let alone = try await self.keySet(JWTSigner.keySet(other.jwk(id: "key")))
    #expect(set.identities == alone.identities)
    await #expect(throws: JWTKeySetError("it has no key that can be used")) {
      try await self.keySet(JWTSigner.keySet(first.jwk(id: "key"), second.jwk(id: "key")))
    }
  }

  @Test func `a key that stands there twice is one`() async throws {
    let signer = try await JWTSigner.edDSA()
    for id in ["key", nil] {
      let set = try await self.keySet(JWTSigner.keySet(signer.jwk(id: id), signer.jwk(id: id)))
      #expect(set.count == 1)
      #expect(set.skipped == 1)
      guard case .key = set.key(id: nil, algorithm: .edDSA) else {
        Issue.record("it is not found")
        continue
      }
    }
  }

  @Test(arguments: [
    "", "{}", "[]", "null", #"{"keys":{}}"#, #"{"keys":null}"#, #"{"keys":["#, #"{"Keys":[]}"#,
    "\u{FEFF}" + #"{"keys":[]}"#, "<html></html>",
  ])
  func `what is no set of keys is refused`(text: String) async throws {
    await #expect(throws: JWTKeySetError("it is no JSON Web Key Set")) {
      try await self.keySet(text)
    }
  }

  @Test func `a set has a key, and not too many bytes`() async throws {
    await #expect(throws: JWTKeySetError("it has no key that can be used")) {
      try await self.keySet(#"{"keys":[]}"#)
    }
    let text = JWTSigner.keySet(try await JWTSigner.edDSA().jwk(id: nil))
    let filler = [UInt8](repeating: 0x20, count: JWTKeySet.maximumSize - text.count)
    #expect(try await self.keySet(text + filler).count == 1)
    await #expect(throws: JWTKeySetError("it has more than 256 KiB")) {
      try await self.keySet(text + filler + [0x20])
    }
  }

  @Test func `sixty-four keys are taken and more are skipped`() async throws {
    let signer = try await JWTSigner.edDSA()
    let jwks = (1...70).map { signer.jwk(id: "\($0)") }.joined(separator: ",")
    let set = try await self.keySet(#"{"keys":[\#(jwks)]}"#)
    #expect(set.count == 64)
    #expect(set.skipped == 6)
  }

  @Test func `printing keys prints nothing of them`() async throws {
    let signer = try await JWTSigner.hs256(secret: Array("a-secret-of-thirty-two-bytes-long".utf8))
    let set = try await self.keySet(JWTSigner.keySet(signer.jwk(id: "key")))
    var dumped = ""
    dump(set, to: &dumped)
    for text in ["\(set)", String(reflecting: set), dumped] {
      #expect(!text.contains("digest"))
      #expect(!text.contains("97, 45"))
    }
  }
}
