package import AuthService
internal import UserAPI
package import WAHA

/// What JWTs are verified with, and what they have to say.
package struct JWTSettings: Sendable, Equatable {
  package enum Keys: Sendable, Equatable {
    case file(path: String)
    case url(HTTPURL)
  }

  static let keysName = "USER_API_JWT_JWKS"
  static let issuerName = "USER_API_JWT_ISSUER"
  static let audienceName = "USER_API_JWT_AUDIENCE"
  static let leewayName = "USER_API_JWT_LEEWAY"
  static let refreshName = "USER_API_JWT_REFRESH"
  static let roleClaimName = "USER_API_JWT_ROLE_CLAIM"
  static let scopeClaimName = "USER_API_JWT_SCOPE_CLAIM"
  static let defaultRoleName = "USER_API_JWT_DEFAULT_ROLE"

  /// Where the keys are.
  package var keys: Keys
  /// The time after which the keys are read again. Default: 5 min.
  package var refreshInterval: Duration
  package var tokens: JWTConfiguration

  /// Nil when no JWTs are taken.
  init?(_ reader: SettingsReader) throws(SettingsError) {
    guard let text = reader.text(Self.keysName) else {
      for name in [
        Self.issuerName, Self.audienceName, Self.leewayName, Self.refreshName,
        Self.roleClaimName, Self.scopeClaimName, Self.defaultRoleName,
      ] where reader.text(name) != nil {
        throw SettingsError(name: name, problem: "needs \(Self.keysName) as well")
      }
      return nil
    }
    self.keys = try Self.keys(text)
    self.refreshInterval = try reader.value(
      Self.refreshName, default: "5m", "must be a duration from 10s to 24h, such as 5m",
      { Duration(text: $0).flatMap { (.seconds(10) ... .seconds(86_400)).contains($0) ? $0 : nil } }
    )
    func required(_ name: String) throws(SettingsError) -> String {
      guard let text = reader.text(name) else {
        throw SettingsError(name: name, problem: "\(Self.keysName) needs it as well")
      }
      return text
    }
    self.tokens = JWTConfiguration(
      issuer: try required(Self.issuerName), audience: try required(Self.audienceName))
    self.tokens.leeway = try reader.value(
      Self.leewayName, default: "30s", "must be a duration of at most 5m, such as 30s",
      { Duration(text: $0).flatMap { $0 <= JWTConfiguration.maximumLeeway ? $0 : nil } })
    self.tokens.roleClaim = reader.text(Self.roleClaimName) ?? self.tokens.roleClaim
    self.tokens.scopeClaim = reader.text(Self.scopeClaimName) ?? self.tokens.scopeClaim
    self.tokens.defaultRole = try reader.value(
      Self.defaultRoleName, default: self.tokens.defaultRole,
      "must be GUEST, USER, ADMIN or SERVICE", { Role(rawValue: $0) })
  }

  private static func keys(_ text: String) throws(SettingsError) -> Keys {
    guard text.contains("://") else { return .file(path: text) }
    guard let url = HTTPURL(text) else {
      throw SettingsError(
        name: Self.keysName,
        problem: "must be a path, or an http or https URL without credentials and fragment")
    }
    return .url(url)
  }
}
