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
    // A WAHA that is not there has said nothing of itself, nor has one that is asked too often.
    if answer.isUnavailable || answer.status == 429 { throw answer.error }
    let dialect = ServerDialect(answer)
    // One that may not be asked, or does not have the call, will say no more in a minute.
    let isLasting = dialect != .unknown || [401, 403, 404].contains(answer.status)
    let age = isLasting ? Self.dialectAge : Self.unknownAge
    self.knownDialect.withLockedValue {
      $0 = KnownDialect(dialect: dialect, until: self.now() + age)
    }
    return dialect
  }

  private static let dialectAge: Duration = .seconds(600)
  /// How long an answer that makes no sense is put up with.
  private static let unknownAge: Duration = .seconds(5)
}

/// What WAHA said it is, and for how long that is believed.
struct KnownDialect: Sendable {
  var dialect: ServerDialect
  var until: ContinuousClock.Instant
}
