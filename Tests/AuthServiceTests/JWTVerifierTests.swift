import Crypto
import Foundation
import TestKit
import Testing
import UserAPI

@testable import AuthService

@Suite(.timeLimit(.minutes(10))) struct JWTVerifierTests {
  private static let unsaid = "the token is not valid"

  private let time = ManualTime()
  private var now: Int64 { self.time.wallClock.millisecondsSinceEpoch / 1_000 }

  private func verifier(
    _ keySet: [UInt8], _ change: (inout JWTConfiguration) -> Void = { _ in }
  ) -> JWTVerifier {
    var keys = JWTKeys.Configuration()
    keys.acceptsSymmetricKeys = true
    var configuration = JWTConfiguration(issuer: "https://id.example.org", audience: "user-api")
    change(&configuration)
    return JWTVerifier(
      keys: JWTKeys(
        source: ScriptedKeySource(keySet), time: self.time.source, configuration: keys),
      configuration: configuration, time: self.time.source)
  }

  private func verifier(
    _ signer: JWTSigner, _ change: (inout JWTConfiguration) -> Void = { _ in }
  ) -> JWTVerifier {
    self.verifier(JWTSigner.keySet(signer.jwk(id: "key")), change)
  }

  /// A good payload but for these members, whose values are JSON; nil leaves one out.
  private func payload(_ changes: KeyValuePairs<String, String?> = [:]) -> String {
    var members: [(String, String)] = [
      ("iss", #""https://id.example.org""#), ("aud", #""user-api""#), ("sub", #""alice""#),
      ("exp", "\(self.now + 600)"), ("role", #""USER""#),
    ]
    for (name, value) in changes {
      members.removeAll { $0.0 == name }
      if let value { members.append((name, value)) }
    }
    return "{" + members.map { #""\#($0)":\#($1)"# }.joined(separator: ",") + "}"
  }

  private func failure(_ verifier: JWTVerifier, _ token: some StringProtocol) async -> UserAPIError?
  {
    await TestKit.failure { () async throws(UserAPIError) in
      try await verifier.verify(Substring(token))
    }
  }

  @Test(arguments: ["RS256", "ES256", "EdDSA", "HS256"])
  func `a good token of each algorithm says who calls`(algorithm: String) async throws {
    let signer = try await JWTSigner.make(algorithm)
    let verifier = self.verifier(signer)
    let token = try signer.token(self.payload())
    let verified = try await verifier.verify(Substring(token))
    #expect(
      verified
        == VerifiedJWT(
          subject: "alice", role: .user, scopes: Role.user.defaultScopes,
          expiresAt: self.time.wallClock.advanced(by: .seconds(630)), keyID: "key", generation: 0))
    let nameless = try await verifier.verify(
      Substring(try signer.token(id: nil, self.payload(["sub": #""bob""#]))))
    #expect(nameless.subject == "bob")
    #expect(nameless.keyID == nil)
  }

  /// The examples of RFC 7515 (A.1 to A.3) and RFC 8037 (A.4). They go as far as their payloads
  /// do: three lack an audience, one is no JSON.
  @Test(arguments: [
    (
      #"{"kty":"oct","k":"AyM1SysPpbyDfgZld3umj1qzKObwVMkoqQ-EstJQLr_T-1qS0gZH75aKtMN3Yj0iPS4hcgUuTwjAzZr1Z9CAow"}"#,
      "eyJ0eXAiOiJKV1QiLA0KICJhbGciOiJIUzI1NiJ9.\(joe).dBjftJeZ4CVP-mB92K27uhbUJU1p1r_wW1gFWFOEjXk",
      "aud is not this service"
    ),
    (
      #"{"kty":"RSA","e":"AQAB","n":"ofgWCuLjybRlzo0tZWJjNiuSfb4p4fAkd_wWJcyQoTbji9k0l8W26mPddxHmfHQp-Vaw-4qPCJrcS2mJPMEzP1Pt0Bm4d4QlL-yRT-SFd2lZS-pCgNMsD1W_YpRPEwOWvG6b32690r2jZ47soMZo9wGzjb_7OMg0LOL-bSf63kpaSHSXndS5z5rexMdbBYUsLA9e-KXBdQOS-UTo7WTBEMa2R2CapHg665xsmtdVMTBQY4uDZlxvb3qCo5ZwKh9kG4LT6_I5IhlJH7aGhyxXFvUK-DWNmoudF8NAco9_h9iaGNj8q2ethFkMLs91kzk2PAcDTW9gb54h4FRWyuXpoQ"}"#,
      "eyJhbGciOiJSUzI1NiJ9.\(joe).cC4hiUPoj9Eetdgtv3hF80EGrhuB__dzERat0XF9g2VtQgr9PJbu3XOiZj5RZmh7AAuHIm4Bh-0Qc_lF5YKt_O8W2Fp5jujGbds9uJdbF9CUAr7t1dnZcAcQjbKBYNX4BAynRFdiuB--f_nZLgrnbyTyWzO75vRK5h6xBArLIARNPvkSjtQBMHlb1L07Qe7K0GarZRmB_eSN9383LcOLn6_dO--xi12jzDwusC-eOkHWEsqtFZESc6BfI7noOPqvhJ1phCnvWh6IeYI2w9QOYEUipUTI8np6LbgGY9Fs98rqVt5AXLIhWkWywlVmtVrBp0igcN_IoypGlUPQGe77Rw",
      "aud is not this service"
    ),
    (
      #"{"kty":"EC","crv":"P-256","x":"f83OJ3D2xF1Bg8vub9tLe1gHMzV76e8Tus9uPHvRVEU","y":"x_FEzRu9m36HLN_tue659LNpXW6pCyStikYjKIWI5a0"}"#,
      "eyJhbGciOiJFUzI1NiJ9.\(joe).DtEhU3ljbEg8L38VWAfUAqOyKAM6-Xx-F4GawxaepmXFCgfTjDxw5djxLa8ISlSApmWQxfKTUJqPP3-Kg6NU1Q",
      "aud is not this service"
    ),
    (
      #"{"kty":"OKP","crv":"Ed25519","x":"11qYAYKxCrfVS_7TyWQHOg7hcvPapiMlrwIaaPcHURo"}"#,
      "eyJhbGciOiJFZERTQSJ9.RXhhbXBsZSBvZiBFZDI1NTE5IHNpZ25pbmc.hgyY0il_MGCjP0JzlnLWG1PPOt7-09PGcvMg3AIbQR6dWbhijcNR4ki4iylGjg5BhVsPt9g7sVvpAr_MuM0KAg",
      "its payload is no JSON object, or says something twice"
    ),
  ])
  func `the signatures of the standards' examples are good`(
    jwk: String, token: String, problem: String
  ) async throws {
    let verifier = self.verifier(JWTSigner.keySet(jwk)) { $0.issuer = "joe" }
    #expect(await self.failure(verifier, token)?.message == "\(Self.unsaid): \(problem)")
  }

  private static let joe =
    "eyJpc3MiOiJqb2UiLA0KICJleHAiOjEzMDA4MTkzODAsDQogImh0dHA6Ly9leGFtcGxlLmNvbS9pc19yb290Ijp0cnVlfQ"

  // MARK: Before the signature

  @Test(arguments: [
    #"{"alg":"none","kid":"key"}"#, #"{"alg":"None","kid":"key"}"#, #"{"alg":"NONE","kid":"key"}"#,
    #"{"alg":"nOnE","kid":"key"}"#, #"{"alg":"","kid":"key"}"#, #"{"alg":" none","kid":"key"}"#,
    #"{"alg":"none"}"#, #"{"kid":"key"}"#, "{}",
    #"{"alg":"es256","kid":"key"}"#, #"{"alg":"ES384","kid":"key"}"#,
    #"{"alg":"RS256","kid":"key"}"#, #"{"alg":"PS256","kid":"key"}"#,
    #"{"alg":"HS256","kid":"key"}"#, #"{"alg":"EdDSA","kid":"key"}"#,
    #"{"alg":256,"kid":"key"}"#, #"{"alg":["ES256"],"kid":"key"}"#, #"{"alg":null,"kid":"key"}"#,
    #"{"alg":"ES256\u0000","kid":"key"}"#, #"{"alg":"ES256\u0301","kid":"key"}"#,
    #"{"alg":"ES256","kid":"other"}"#, #"{"alg":"ES256","kid":""}"#,
    #"{"alg":"ES256","kid":"key "}"#, #"{"alg":"ES256","kid":"KEY"}"#,
    #"{"alg":"ES256","kid":7}"#, #"{"alg":"ES256","kid":1e300}"#, #"{"alg":"ES256","kid":null}"#,
    #"{"alg":"ES256","kid":["key"]}"#, #"{"alg":"ES256","kid":{"key":"key"}}"#,
    #"{"alg":"ES256","kid":"key","crit":["exp"]}"#, #"{"alg":"ES256","kid":"key","crit":[]}"#,
    #"{"alg":"ES256","kid":"key","crit":null}"#,
    #"{"alg":"ES256","kid":"key","b64":1,"crit":"b64"}"#,
    #"{"alg":"none","alg":"ES256","kid":"key"}"#, #"{"alg":"ES256","kid":"key","kid":"key"}"#,
    #"{"alg":"ES256","kid":"key","x":1,"x":1}"#, #"{"alg":"ES256","kid":"key"} x"#,
    #"{"alg":"ES256","kid":"key",}"#, #"["ES256"]"#, #""ES256""#, "ES256", "", "null", "1e300",
    "\u{FEFF}" + #"{"alg":"ES256","kid":"key"}"#, #"{"alg":"ES256","kid":"\ud800"}"#,
  ])
  func `a header that is wrong in any way is refused without a word about it`(
    header: String
  ) async throws {
    let signer = try await JWTSigner.es256()
    let verifier = self.verifier(signer)
    let signed = try signer.token(header: header, payload: self.payload())
    let unsigned = signed.prefix(through: signed.lastIndex(of: ".") ?? signed.endIndex)
    for token in [Substring(signed), unsigned] {
      let error = await self.failure(verifier, token)
      #expect(error?.reason == .tokenInvalid)
      #expect(error?.message == Self.unsaid)
    }
  }

  @Test(arguments: [
    #"{"alg":"ES256","kid":"key"}"#, #" { "kid" : "key", "alg" : "ES256" } "#,
    #"{"alg":"ES256","kid":"key","typ":"at+jwt","x":1e300,"y":1e999,"z":{"alg":"none"}}"#,
    #"{"\u0061lg":"ES256","kid":"\u006bey"}"#,
    #"{"alg":"ES256","kid":"key","jwk":{"kty":"oct","k":"AA"},"jku":"http://x/","x5u":"http://x/"}"#,
  ])
  func `a header may say more, and what it says of keys is not heard`(header: String) async throws {
    let signer = try await JWTSigner.es256()
    let token = try signer.token(header: header, payload: self.payload())
    _ = try await self.verifier(signer).verify(Substring(token))
  }

  @Test func `a header of very many levels is refused`() async throws {
    let signer = try await JWTSigner.es256()
    for depth in [33, 2_000] {
      let deep = String(repeating: "[", count: depth) + String(repeating: "]", count: depth)
      let token = try signer.token(
        header: #"{"alg":"ES256","kid":"key","x":\#(deep)}"#, payload: self.payload())
      #expect(await self.failure(self.verifier(signer), token)?.message == Self.unsaid)
    }
  }

  @Test(arguments: ["RS256", "ES256", "EdDSA", "HS256"])
  func `a token in which one character is another is refused, and so is what is left of one`(
    algorithm: String
  ) async throws {
    let signer = try await JWTSigner.make(algorithm)
    let verifier = self.verifier(signer)
    let token = Array(try signer.token(self.payload()).utf8)
    _ = try await verifier.verify(Substring(decoding: token, as: UTF8.self))
    for index in token.indices {
      var changed = token
      changed[index] = token[index] == UInt8(ascii: "A") ? UInt8(ascii: "B") : UInt8(ascii: "A")
      for bytes in [changed, Array(token[..<index])] {
        let error = await self.failure(verifier, String(decoding: bytes, as: UTF8.self))
        #expect(error?.message == Self.unsaid, "at \(index)")
      }
    }
  }

  @Test func `bits that belong to no byte have to be zero`() async throws {
    let signer = try await JWTSigner.hs256()
    let token = try signer.token(self.payload())
    // 32 bytes leave the last character two bits that say nothing.
    let last = try #require(token.last.flatMap { Self.alphabet.firstIndex(of: $0) })
    #expect(last % 4 == 0)
    for stray in 1...3 {
      let other = token.dropLast() + String(Self.alphabet[last + stray])
      #expect(await self.failure(self.verifier(signer), other)?.message == Self.unsaid)
    }
  }

  private static let alphabet = Array(
    "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_")

  @Test func `what is no token in three parts is refused`() async throws {
    let signer = try await JWTSigner.edDSA()
    let verifier = self.verifier(signer)
    let token = try signer.token(self.payload())
    let parts = token.split(separator: ".")
    for text in [
      "", ".", "..", "...", "a.b.c", "\(parts[0]).\(parts[1])", "\(token).", "\(token).x",
      ".\(token)", "\(token)=", "\(token)==", " \(token)", "\(token)\n", "\(token)\u{0}",
      "\(parts[0])=.\(parts[1]).\(parts[2])", "\(parts[0])..\(parts[2])",
      ".\(parts[1]).\(parts[2])",
      "\(parts[0]).\(parts[1]).", "\(parts[1]).\(parts[0]).\(parts[2])",
      "\(parts[0]).\(parts[0]).\(parts[2])", "\(token)é", "{}", "\(token).\(parts[1]).\(parts[2])",
    ] {
      let error = await self.failure(verifier, text)
      #expect(error?.reason == .tokenInvalid)
      #expect(error?.message == Self.unsaid)
    }
  }

  @Test func `the other alphabet of base64 is refused`() async throws {
    let signer = try await JWTSigner.edDSA()
    // Both texts have characters in which the alphabets differ.
    let payload = self.payload(["x": #""~~~???>>>ÿÿÿ""#])
    let token = try signer.token(payload)
    _ = try await self.verifier(signer).verify(Substring(token))
    let other = token.replacing("-", with: "+").replacing("_", with: "/")
    #expect(other != token)
    #expect(await self.failure(self.verifier(signer), other)?.message == Self.unsaid)
    // Even when that is what was signed.
    let parts = token.split(separator: ".").dropLast().joined(separator: ".")
    let signed = parts.replacing("-", with: "+").replacing("_", with: "/")
    #expect(signed != parts)
    let own = signed + "." + JWTSigner.base64URL(try signer.signature(of: signed))
    #expect(await self.failure(self.verifier(signer), own)?.message == Self.unsaid)
  }

  @Test func `a token of 8,192 bytes is taken and a longer one is not looked at`() async throws {
    let signer = try await JWTSigner.hs256()
    let verifier = self.verifier(signer)
    func token(_ filler: Int) throws -> String {
      try signer.token(self.payload(["x": "\"\(String(repeating: "x", count: filler))\""]))
    }
    var filler = 5_500
    while try token(filler + 1).utf8.count <= 8_192 { filler += 1 }
    let longest = try token(filler)
    #expect(longest.utf8.count > 8_188)
    _ = try await verifier.verify(Substring(longest))
    let error = await self.failure(verifier, try token(filler + 4))
    #expect(error?.reason == .tokenInvalid)
    #expect(error?.message == Self.unsaid)
    #expect(
      await self.failure(verifier, String(repeating: "a", count: 1 << 20))?.reason == .tokenInvalid)
  }

  // MARK: Confusion

  @Test func `a public key is no secret to sign with`() async throws {
    let rsa = try await JWTSigner.rs256()
    let keySets = [
      JWTSigner.keySet(rsa.jwk(id: "key")),
      JWTSigner.keySet(rsa.jwk(id: "key", #""alg":"RS256""#)),
      JWTSigner.keySet(
        rsa.jwk(id: "key"), try await JWTSigner.hs256().jwk(id: "other", #""alg":"HS256""#)),
    ]
    let n = try #require(rsa.jwk.split(separator: "\"").first { $0.utf8.count > 300 })
    let modulus = try #require(Base64URL.decode(n.utf8))
    let secrets: [[UInt8]] = [
      Array(n.utf8), modulus, Array(rsa.jwk.utf8), Array("{\(rsa.jwk)}".utf8),
      JWTSigner.keySet(rsa.jwk),
    ]
    for secret in secrets {
      #expect(secret.count > 200)
      let forger = try await JWTSigner.hs256(secret: secret)
      for keySet in keySets {
        for id in ["key", nil] {
          let token = try forger.token(id: id, self.payload())
          #expect(await self.failure(self.verifier(keySet), token)?.message == Self.unsaid)
        }
      }
    }
  }

  @Test func `a key verifies only what is signed for its own algorithm`() async throws {
    let names = ["RS256", "ES256", "EdDSA", "HS256"]
    var signers: [JWTSigner] = []
    for name in names { signers.append(try await JWTSigner.make(name)) }
    for key in signers {
      let verifier = self.verifier(key)
      for signer in signers {
        for name in names where (signer.name, name) != (key.name, key.name) {
          let token = try signer.token(
            header: #"{"alg":"\#(name)","kid":"key"}"#, payload: self.payload())
          #expect(await self.failure(verifier, token)?.message == Self.unsaid)
        }
      }
    }
  }

  @Test func `a token signed by somebody else is refused`() async throws {
    let verifier = self.verifier(try await JWTSigner.es256())
    let token = try await JWTSigner.es256().token(self.payload())
    #expect(await self.failure(verifier, token)?.message == Self.unsaid)
  }

  @Test func `a signature in another encoding is refused`() async throws {
    let signer = try await JWTSigner.es256()
    let token = try signer.token(self.payload())
    let signed = token.split(separator: ".").dropLast().joined(separator: ".")
    let signature = try P256.Signing.ECDSASignature(
      rawRepresentation: try signer.signature(of: signed))
    let der = signed + "." + JWTSigner.base64URL(signature.derRepresentation)
    #expect(await self.failure(self.verifier(signer), der)?.message == Self.unsaid)
  }

  @Test func `of several keys the one that the token names is taken`() async throws {
    let (old, new) = (try await JWTSigner.es256(), try await JWTSigner.es256())
    let verifier = self.verifier(
      JWTSigner.keySet(
        old.jwk(id: "old"), new.jwk(id: "new"), try await JWTSigner.edDSA().jwk(id: nil)))
    for (signer, id) in [(old, "old"), (new, "new")] {
      let token = try signer.token(id: id, self.payload())
      #expect(try await verifier.verify(Substring(token)).keyID == id)
    }
    for (signer, id) in [(old, "new"), (new, "old"), (old, nil), (new, nil)] {
      let token = try signer.token(id: id, self.payload())
      #expect(await self.failure(verifier, token)?.message == Self.unsaid)
    }
  }

  @Test func `without an id the one key for the algorithm is taken, whatever its own`() async throws
  {
    let (ec, ed) = (try await JWTSigner.es256(), try await JWTSigner.edDSA())
    let verifier = self.verifier(JWTSigner.keySet(ec.jwk(id: "ec"), ed.jwk(id: nil)))
    for signer in [ec, ed] {
      _ = try await verifier.verify(Substring(try signer.token(id: nil, self.payload())))
    }
    #expect(await self.failure(verifier, try ed.token(id: "ed", self.payload())) != nil)
  }

  // MARK: Behind the signature

  @Test(
    arguments: [
      (["iss": nil], "iss is not the issuer that is expected"),
      (["iss": #""https://id.example.org/""#], "iss is not the issuer that is expected"),
      (["iss": #""https://ID.example.org""#], "iss is not the issuer that is expected"),
      (["iss": #"["https://id.example.org"]"#], "iss is not the issuer that is expected"),
      (["aud": nil], "aud is not this service"),
      (["aud": #""user-api2""#], "aud is not this service"),
      (["aud": "[]"], "aud is not this service"),
      (["aud": #"["a","b"]"#], "aud is not this service"),
      (["aud": #"[["user-api"]]"#], "aud is not this service"),
      (["aud": #"{"user-api":true}"#], "aud is not this service"),
      (["sub": nil], "sub is missing or cannot be a user's id"),
      (["sub": #""""#], "sub is missing or cannot be a user's id"),
      (["sub": #""two words""#], "sub is missing or cannot be a user's id"),
      (["sub": #""a\u0000b""#], "sub is missing or cannot be a user's id"),
      (["sub": "7"], "sub is missing or cannot be a user's id"),
      (
        ["sub": "\"\(String(repeating: "a", count: 256))\""],
        "sub is missing or cannot be a user's id"
      ),
      (["exp": nil], "exp is missing or no time"), (["exp": "null"], "exp is missing or no time"),
      (["exp": #""9999999999""#], "exp is missing or no time"),
      (["exp": "true"], "exp is missing or no time"),
      (["exp": "1e300"], "exp is missing or no time"),
      (["exp": "1e999"], "exp is missing or no time"),
      (["exp": "9223372036854775807"], "exp is missing or no time"),
      (["exp": "1769850900000"], "exp is missing or no time"),
      (["nbf": "null"], "nbf is no time"), (["nbf": #""now""#], "nbf is no time"),
      (["nbf": "1e300"], "nbf is no time"), (["nbf": "[0]"], "nbf is no time"),
      (["role": #""ROOT""#], "role does not name one role"),
      (["role": #""""#], "role does not name one role"),
      (["role": "null"], "role does not name one role"),
      (["role": "1"], "role does not name one role"),
      (["role": "[]"], "role does not name one role"),
      (["role": #"["offline","x"]"#], "role does not name one role"),
      (["role": #"["USER","ADMIN"]"#], "role does not name one role"),
      (["role": #""u\u017fer""#], "role does not name one role"),
      (["role": #"{"USER":1}"#], "role does not name one role"),
      (["scope": "null"], "its scopes are neither a text nor a list of texts"),
      (["scope": "1"], "its scopes are neither a text nor a list of texts"),
      (["scope": #"["session:read",1]"#], "its scopes are neither a text nor a list of texts"),
    ] as [([String: String?], String)])
  func `a claim that is wrong is named`(changes: [String: String?], problem: String) async throws {
    let signer = try await JWTSigner.hs256()
    let change = try #require(changes.first)
    let token = try signer.token(self.payload([change.key: change.value]))
    let error = await self.failure(self.verifier(signer), token)
    #expect(error?.reason == .tokenInvalid)
    #expect(error?.code == .unauthenticated)
    #expect(error?.message == "\(Self.unsaid): \(problem)")
  }

  @Test(arguments: [
    "", "[]", "null", "1e300", #""x""#, "{", #"{"sub":"a"}{}"#, "\u{FEFF}{}",
    #"{"exp":1,"exp":9999999999}"#, #"{"x":1,"\u0078":1}"#,
  ])
  func `a payload that is no object, or says something twice, is refused`(
    payload: String
  ) async throws {
    let signer = try await JWTSigner.hs256()
    let error = await self.failure(self.verifier(signer), try signer.token(payload))
    #expect(error?.reason == .tokenInvalid)
    #expect(
      error?.message == "\(Self.unsaid): its payload is no JSON object, or says something twice")
  }

  @Test(arguments: [
    #"{"roles":["USER"],"roles":["ADMIN"]}"#, #"{"roles":"USER","x":1,"\u0078":2}"#,
    #"{"x":1,"x":1}"#,
  ])
  func `an object on the way to a claim says nothing twice`(value: String) async throws {
    let signer = try await JWTSigner.hs256()
    for path in ["realm_access.roles", "a.realm_access.roles"] {
      for isScope in [false, true] {
        let verifier = self.verifier(signer) {
          $0.defaultRole = .user
          if isScope { $0.scopeClaim = path } else { $0.roleClaim = path }
        }
        func token(_ value: String) throws -> String {
          try signer.token(
            self.payload(["realm_access": value, "a": #"{"realm_access":\#(value)}"#]))
        }
        let error = await self.failure(verifier, try token(value))
        #expect(error?.reason == .tokenInvalid)
        #expect(error?.message == "\(Self.unsaid): something on the way to \(path) is said twice")
        // What is not on the way is not looked at.
        _ = try await verifier.verify(
          Substring(try token(#"{"roles":["USER"],"more":\#(value)}"#)))
      }
    }
  }

  @Test func `the audience may be one of several, and members may nest`() async throws {
    let signer = try await JWTSigner.hs256()
    let token = try signer.token(
      self.payload([
        "aud": #"[1,"account","user-api"]"#, "x": #"{"exp":1,"a":[{"b":[[1e300,-1e999]]}]}"#,
      ]))
    #expect(try await self.verifier(signer).verify(Substring(token)).subject == "alice")
  }

  @Test func `a token expires after the leeway and no sooner`() async throws {
    let signer = try await JWTSigner.hs256()
    let verifier = self.verifier(signer) { $0.leeway = .seconds(10) }
    for (age, isGood) in [(0, true), (9, true), (10, false), (11, false)] {
      let token = try signer.token(self.payload(["exp": "\(self.now - Int64(age))"]))
      let error = await self.failure(verifier, token)
      #expect((error == nil) == isGood, "\(age)")
      if !isGood {
        #expect(error?.reason == .tokenExpired)
        #expect(error?.message == "the token has expired")
      }
    }
    let fraction = try signer.token(self.payload(["exp": "\(self.now - 10).25"]))
    let verified = try await verifier.verify(Substring(fraction))
    #expect(verified.expiresAt == self.time.wallClock.advanced(by: .milliseconds(250)))
    self.time.advance(by: .milliseconds(250))
    #expect(await self.failure(verifier, fraction)?.reason == .tokenExpired)
  }

  @Test(arguments: ["0", "-1", "-1e300", "-1e999", "-9223372036854775808", "1", "0.5"])
  func `a token of long ago has expired`(exp: String) async throws {
    let signer = try await JWTSigner.hs256()
    let token = try signer.token(self.payload(["exp": exp]))
    #expect(await self.failure(self.verifier(signer), token)?.reason == .tokenExpired)
  }

  @Test func `a token is not valid before its time less the leeway`() async throws {
    let signer = try await JWTSigner.hs256()
    let verifier = self.verifier(signer) { $0.leeway = .seconds(10) }
    for (wait, isGood) in [("-1e300", true), ("0", true), ("10", true), ("11", false)] {
      let nbf = Int64(wait).map { "\(self.now + $0)" } ?? wait
      let token = try signer.token(self.payload(["nbf": nbf]))
      let error = await self.failure(verifier, token)
      #expect((error == nil) == isGood, "\(wait)")
      if !isGood {
        #expect(error?.reason == .tokenInvalid)
        #expect(error?.message == "the token is not valid yet")
      }
    }
  }

  @Test(
    arguments: [
      (nil, Role.guest), (#""user""#, .user), (#""Admin""#, .admin), (#""SERVICE""#, .service),
      (#""guest""#, .guest), (#"["offline_access","user"]"#, .user), (#"["ADMIN"]"#, .admin),
    ] as [(String?, Role)])
  func `the role is a word in any case, or the one of several that is a role`(
    claim: String?, role: Role
  ) async throws {
    let signer = try await JWTSigner.hs256()
    let token = try signer.token(self.payload(["role": claim]))
    let verified = try await self.verifier(signer).verify(Substring(token))
    #expect(verified.role == role)
    #expect(verified.scopes == role.defaultScopes)
  }

  @Test func `a token without a role has the default one`() async throws {
    let signer = try await JWTSigner.hs256()
    let verifier = self.verifier(signer) { $0.defaultRole = .user }
    let token = try signer.token(self.payload(["role": nil]))
    #expect(try await verifier.verify(Substring(token)).role == .user)
  }

  @Test(
    arguments: [
      (#""""#, []), (#""openid profile""#, []), ("[]", []),
      (#""session:read""#, .sessionRead), (#""  session:read   act-as ""#, [.sessionRead, .actAs]),
      (#"["directory:read","openid"]"#, .directoryRead), (#""SESSION:READ""#, []),
      (#"["session:read session:write"]"#, []),
    ] as [(String, Scopes)])
  func `scopes are those of ours that the token names, and no others`(
    claim: String, scopes: Scopes
  ) async throws {
    let signer = try await JWTSigner.hs256()
    let token = try signer.token(self.payload(["scope": claim]))
    #expect(try await self.verifier(signer).verify(Substring(token)).scopes == scopes)
  }

  @Test func `claims can be elsewhere, by their name or by a path`() async throws {
    let signer = try await JWTSigner.hs256()
    let verifier = self.verifier(signer) {
      $0.roleClaim = "realm_access.roles"
      $0.scopeClaim = "https://example.org/scopes"
    }
    let nested = try await verifier.verify(
      Substring(
        try signer.token(
          self.payload([
            "role": nil, "realm_access": #"{"roles":["x","admin"]}"#,
            "https://example.org/scopes": #"["act-as"]"#,
          ]))))
    #expect(nested.role == .admin)
    #expect(nested.scopes == .actAs)
    // A member of that very name counts before the path.
    let named = try await verifier.verify(
      Substring(
        try signer.token(
          self.payload(["realm_access": #"{"roles":"ADMIN"}"#, "realm_access.roles": #""USER""#]))))
    #expect(named.role == .user)
    for value in [#""ADMIN""#, "[]", "{}", "null", #"{"Roles":"ADMIN"}"#] {
      let token = try signer.token(self.payload(["realm_access": value]))
      #expect(try await verifier.verify(Substring(token)).role == .guest)
    }
  }

  @Test func `texts that people would read alike are two`() async throws {
    let signer = try await JWTSigner.hs256()
    let (name, other) = ("caf\u{E9}", "cafe\u{301}")
    let verifier = self.verifier(JWTSigner.keySet(signer.jwk(id: name))) {
      $0.issuer = name
      $0.audience = name
    }
    func token(id: String, issuer: String, audience: String) throws -> String {
      try signer.token(
        id: id, self.payload(["iss": "\"\(issuer)\"", "aud": audience]))
    }
    for audience in ["\"\(name)\"", "[\"\(other)\",\"\(name)\"]"] {
      _ = try await verifier.verify(
        Substring(try token(id: name, issuer: name, audience: audience)))
      let otherID = try token(id: other, issuer: name, audience: audience)
      #expect(await self.failure(verifier, otherID)?.message == Self.unsaid)
      let otherIssuer = try token(id: name, issuer: other, audience: audience)
      #expect(
        await self.failure(verifier, otherIssuer)?.message
          == "\(Self.unsaid): iss is not the issuer that is expected")
    }
    for audience in ["\"\(other)\"", "[\"\(other)\"]"] {
      let otherAudience = try token(id: name, issuer: name, audience: audience)
      #expect(
        await self.failure(verifier, otherAudience)?.message
          == "\(Self.unsaid): aud is not this service")
    }
  }
}
