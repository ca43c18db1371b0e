import AuthService
import TestKit
import Testing
import UserAPI

@Suite(.timeLimit(.minutes(10))) struct TokenTests {
  @Test func `a token is its prefix and 192 bits in hexadecimal`() {
    for _ in 0..<100 {
      let secret = TokenSecret.generate().rawValue
      #expect(secret.hasPrefix("uapi_"))
      let digits = secret.dropFirst("uapi_".count)
      #expect(digits.count == 48)
      #expect(digits.allSatisfy { "0123456789abcdef".contains($0) })
    }
  }

  @Test func `a scanner for leaked secrets knows a token by the pattern that README gives`() throws
  {
    let pattern = try Regex("uapi_[0-9a-f]{48}")
    for _ in 0..<100 {
      #expect(TokenSecret.generate().rawValue.wholeMatch(of: pattern) != nil)
    }
  }

  @Test func `no two tokens are alike, and every digit is as likely as the next`() {
    var seen: Set<String> = []
    var counts: [Character: Int] = [:]
    for _ in 0..<2_000 {
      let secret = TokenSecret.generate().rawValue
      seen.insert(secret)
      for digit in secret.dropFirst("uapi_".count) { counts[digit, default: 0] += 1 }
    }
    #expect(seen.count == 2_000)
    #expect(counts.count == 16)
    // 6,000 of each are expected, with a standard deviation of 75.
    #expect(counts.values.allSatisfy { (5_400...6_600).contains($0) })
  }

  @Test func `the digest is the SHA-256 of the whole token`() throws {
    let secret = try #require(TokenSecret("uapi_abc"))
    let digest = secret.digest.bytes.map { byte in
      let digits = String(byte, radix: 16)
      return digits.count == 1 ? "0" + digits : digits
    }.joined()
    #expect(digest == "0988e88b4d3c78dd018ec40af9c394918940456d55bd74ee194eff27b9ab9822")
    #expect(secret.digest == TokenSecret("uapi_abc")?.digest)
    #expect(secret.digest != TokenSecret("uapi_abd")?.digest)
  }

  @Test(arguments: 0..<32)
  func `digests are one only when every byte is`(index: Int) throws {
    let bytes = (0..<32).map { UInt8($0) }
    let digest = try #require(TokenDigest(bytes: bytes))
    #expect(digest == TokenDigest(bytes: bytes))
    for bit in 0..<8 {
      var others = bytes
      others[index] ^= 1 << bit
      let other = try #require(TokenDigest(bytes: others))
      #expect(digest != other)
      #expect(other == other)
      // The same difference twice does not cancel itself out.
      others[(index + 8) % 32] ^= 1 << bit
      #expect(digest != TokenDigest(bytes: others))
    }
  }

  @Test func `a store that finds another token than was asked for lets nobody in`() async throws {
    let time = ManualTime()
    let issued = try await TokenAdministration(
      store: InMemoryTokenStore(), time: time.source
    ).issue(userID: "user-1", role: .user, lifetime: nil)
    let authenticator = Authenticator(
      store: LyingTokenStore(token: issued.token), time: time.source)
    let error = await failure { () async throws(UserAPIError) in
      try await authenticator.authenticate("Bearer " + TokenSecret.generate().rawValue)
    }
    #expect(error?.reason == .tokenInvalid)
    let caller = try await authenticator.authenticate("Bearer " + issued.secret.rawValue)
    #expect(caller.identity.proof == .token(id: issued.token.id))
  }

  @Test(arguments: ["", "uapi", "UAPI_abc", "abc", " uapi_abc", "Bearer uapi_abc"])
  func `what does not begin like a token is none`(text: String) {
    #expect(TokenSecret(text) == nil)
  }

  @Test func `what is far too long is no token`() {
    #expect(TokenSecret("uapi_" + String(repeating: "a", count: 123)) != nil)
    #expect(TokenSecret("uapi_" + String(repeating: "a", count: 124)) == nil)
  }

  @Test func `a secret never prints`() throws {
    let secret = TokenSecret.generate()
    var dumped = ""
    dump(secret, to: &dumped)
    dump([secret], to: &dumped)
    dump((secret: secret, other: 1), to: &dumped)
    let texts = [
      "\(secret)", String(describing: secret), String(reflecting: secret), "\([secret])",
      "\(Optional.some(secret) as Any)", dumped,
    ]
    for text in texts {
      #expect(!text.contains("uapi_"))
      #expect(!text.contains(secret.rawValue.dropFirst("uapi_".count)))
    }
    #expect("\(secret)" == "<redacted>")
  }

  @Test func `what an issue gives out is stored without the secret`() async throws {
    let store = InMemoryTokenStore()
    let time = ManualTime()
    let tokens = TokenAdministration(store: store, time: time.source)
    let issued = try await tokens.issue(
      userID: "user-1", role: .admin, lifetime: .seconds(90 * 86_400))
    let stored = try await tokens.tokens()
    #expect(stored == [issued.token])
    #expect(issued.token.digest == issued.secret.digest)
    #expect(issued.token.createdAt == time.wallClock)
    let expiresAt = try #require(issued.token.expiresAt).millisecondsSinceEpoch
    #expect(expiresAt - time.wallClock.millisecondsSinceEpoch == 90 * 86_400_000)
    var dumped = ""
    dump(stored, to: &dumped)
    #expect(!dumped.contains(issued.secret.rawValue))
  }

  @Test func `ids of tokens differ`() async throws {
    let tokens = TokenAdministration(store: InMemoryTokenStore(), time: ManualTime().source)
    var ids: Set<String> = []
    for _ in 0..<200 {
      let issued = try await tokens.issue(userID: "u", role: .user, lifetime: nil)
      #expect(issued.token.id.hasPrefix("tok_"))
      #expect(issued.token.expiresAt == nil)
      ids.insert(issued.token.id)
    }
    #expect(ids.count == 200)
  }
}
