internal import UserAPI

/// The payload of a token whose signature is good, read by a configuration.
struct JWTClaims {
  let subject: String
  let role: Role
  let scopes: Scopes
  /// With the leeway.
  let expiresAt: Timestamp

  /// 10000-01-01T00:00:00Z, in seconds. A time beyond is a mistake, such as milliseconds.
  private static let endOfTime = 253_402_300_800.0

  /// - Throws: `TOKEN_INVALID`, saying which claim it is, and `TOKEN_EXPIRED` for a token that is
  ///   good otherwise.
  init(
    _ json: [UInt8], _ configuration: JWTConfiguration, at now: Timestamp
  ) throws(UserAPIError) {
    guard let payload = JSONObject(unambiguous: json) else {
      throw Self.invalid("its payload is no JSON object, or says something twice")
    }
    guard Self.isText(payload["iss"], configuration.issuer) else {
      throw Self.invalid("iss is not the issuer that is expected")
    }
    guard Self.audience(payload["aud"], has: configuration.audience) else {
      throw Self.invalid("aud is not this service")
    }
    guard case .string(let subject)? = payload["sub"], UserName.isValid(subject) else {
      throw Self.invalid("sub is missing or cannot be a user's id")
    }
    self.subject = subject
    self.role = try Self.role(try payload.claim(configuration.roleClaim), configuration)
    self.scopes =
      try Self.scopes(try payload.claim(configuration.scopeClaim)) ?? self.role.defaultScopes
    guard let expiry = Self.moment(payload["exp"]) else {
      throw Self.invalid("exp is missing or no time")
    }
    if let value = payload["nbf"] {
      guard let start = Self.moment(value) else { throw Self.invalid("nbf is no time") }
      guard start <= now.advanced(by: configuration.leeway) else {
        throw UserAPIError(.tokenInvalid, "the token is not valid yet")
      }
    }
    self.expiresAt = expiry.advanced(by: configuration.leeway)
    guard now < self.expiresAt else {
      throw UserAPIError(.tokenExpired, "the token has expired")
    }
  }

  private static func invalid(_ reason: String) -> UserAPIError {
    UserAPIError(.tokenInvalid, "the token is not valid: \(reason)")
  }

  /// To the byte: people read alike what is not the same.
  private static func isText(_ value: JSONValue?, _ expected: String) -> Bool {
    guard case .string(let text)? = value else { return false }
    return text.hasSameBytes(as: expected)
  }

  private static func audience(_ value: JSONValue?, has expected: String) -> Bool {
    guard case .array(let values)? = value else { return Self.isText(value, expected) }
    return values.contains { Self.isText($0, expected) }
  }

  /// Reads a NumericDate (RFC 7519, section 2), with fractions.
  private static func moment(_ value: JSONValue?) -> Timestamp? {
    let seconds: Double
    switch value {
    case .integer(let integer): seconds = Double(integer)
    case .number(let number): seconds = number
    case nil, .null, .bool, .string, .array, .object: return nil
    }
    // Not true of one that is no number either.
    guard seconds < Self.endOfTime else { return nil }
    return Timestamp(millisecondsSinceEpoch: Int64(max(seconds, 0) * 1_000))
  }

  /// A word, or words of which exactly one is a role.
  private static func role(
    _ claim: JSONValue?, _ configuration: JWTConfiguration
  ) throws(UserAPIError) -> Role {
    let words: [JSONValue]
    switch claim {
    case nil: return configuration.defaultRole
    case .array(let values)?: words = values
    case .some(let value): words = [value]
    }
    let roles = words.compactMap { word -> Role? in
      // Beyond ASCII there are letters that become one of it in the other case.
      guard case .string(let text) = word, text.utf8.allSatisfy({ $0 < 0x80 }) else { return nil }
      return Role(rawValue: text.uppercased())
    }
    guard roles.count == 1, let role = roles.first else {
      throw Self.invalid("\(configuration.roleClaim) does not name one role")
    }
    return role
  }

  /// Nil when the claim is not there.
  private static func scopes(_ claim: JSONValue?) throws(UserAPIError) -> Scopes? {
    switch claim {
    case nil: return nil
    case .string(let text)?: return Scopes(words: text.split(separator: " ").map(String.init))
    case .array(let values)?:
      let words = values.compactMap { if case .string(let word) = $0 { word } else { nil } }
      guard words.count == values.count else { break }
      return Scopes(words: words)
    case .null?, .bool?, .integer?, .number?, .object?: break
    }
    throw Self.invalid("its scopes are neither a text nor a list of texts")
  }
}

extension JSONObject {
  /// The member of that name, or else what is at the end of the path that the name spells with
  /// dots.
  ///
  /// - Throws: `TOKEN_INVALID` when an object on that path says something twice.
  fileprivate func claim(_ name: String) throws(UserAPIError) -> JSONValue? {
    if let value = self[name] { return value }
    var value = JSONValue.object(self)
    for part in name.split(separator: ".", omittingEmptySubsequences: false) {
      guard case .object(let object) = value, let next = object[String(part)] else { return nil }
      if case .object(let object) = next, !object.isUnambiguous {
        throw UserAPIError(
          .tokenInvalid,
          "the token is not valid: something on the way to \(name) is said twice")
      }
      value = next
    }
    return value
  }
}
