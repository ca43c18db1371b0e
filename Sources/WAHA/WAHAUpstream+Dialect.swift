internal import NIOConcurrencyHelpers
internal import UserAPI

extension WAHAUpstream {
  /// What WAHA says it is; remembered until it fails, but not for ever: another may stand there
  /// by then.
  func dialect() async throws(UserAPIError) -> ServerDialect {
    let known = self.knownDialect.withLockedValue { $0 }
    if let known, known.until > self.now() { return known.dialect }
    let answer = try await self.call(
      .version, .get, ["api", "server", "version"], timeout: self.configuration.statusTimeout)
    // A WAHA that is not there has said nothing of itself.
    if answer.isUnavailable { throw answer.error }
    let dialect = ServerDialect(answer)
    self.knownDialect.withLockedValue {
      $0 = KnownDialect(dialect: dialect, until: self.now() + Self.dialectAge)
    }
    return dialect
  }

  private static let dialectAge: Duration = .seconds(600)
}

/// What WAHA said it is, and for how long that is believed.
struct KnownDialect: Sendable {
  var dialect: ServerDialect
  var until: ContinuousClock.Instant
}
