internal import ArgumentParser

/// What JWTs are verified by. A bad one is refused by its environment variable's name, as all
/// settings are.
struct JWTOptions: ParsableArguments {
  @Option(
    help: """
      The keys that JWTs are verified with, a JSON Web Key Set: a path, read again on SIGHUP, or an \
      http or https URL. Needs issuer and audience; without it no JWTs are taken. (env: \
      USER_API_JWT_JWKS)
      """)
  var jwtJwks: String?

  @Option(help: "What a JWT's iss has to be. (env: USER_API_JWT_ISSUER)")
  var jwtIssuer: String?

  @Option(help: "What a JWT's aud has to be or to have. (env: USER_API_JWT_AUDIENCE)")
  var jwtAudience: String?

  @Option(
    help: """
      By how much the issuer's clock may be wrong, at most 5m. (env: USER_API_JWT_LEEWAY; \
      default: 30s)
      """)
  var jwtLeeway: String?

  @Option(
    help: """
      After what time the keys are read again, 10s to 24h. (env: USER_API_JWT_REFRESH; default: \
      5m)
      """)
  var jwtRefresh: String?

  @Option(
    help: """
      The claim that is the role: a name, or a path such as realm_access.roles. (env: \
      USER_API_JWT_ROLE_CLAIM; default: role)
      """)
  var jwtRoleClaim: String?

  @Option(
    help: """
      The claim that has the scopes. (env: USER_API_JWT_SCOPE_CLAIM; default: scope)
      """)
  var jwtScopeClaim: String?

  @Option(
    help: """
      The role of a JWT that says none: GUEST, USER, ADMIN or SERVICE. (env: \
      USER_API_JWT_DEFAULT_ROLE; default: GUEST)
      """)
  var jwtDefaultRole: String?

  var flags: [String: String] {
    var flags: [String: String] = [:]
    flags["USER_API_JWT_JWKS"] = self.jwtJwks
    flags["USER_API_JWT_ISSUER"] = self.jwtIssuer
    flags["USER_API_JWT_AUDIENCE"] = self.jwtAudience
    flags["USER_API_JWT_LEEWAY"] = self.jwtLeeway
    flags["USER_API_JWT_REFRESH"] = self.jwtRefresh
    flags["USER_API_JWT_ROLE_CLAIM"] = self.jwtRoleClaim
    flags["USER_API_JWT_SCOPE_CLAIM"] = self.jwtScopeClaim
    flags["USER_API_JWT_DEFAULT_ROLE"] = self.jwtDefaultRole
    return flags
  }
}
