internal import NIOConcurrencyHelpers
internal import Synchronization
package import UserAPI

/// Turns bearer tokens into callers.
package final class Authenticator: Sendable {
  package struct Configuration: Sendable {
    /// For how long a token that was looked up is trusted without another look, which bounds how
    /// long a revoked one still works. Default: 500 ms.
    package var cacheLifetime: Duration = .milliseconds(500)
    /// How many looked-up tokens are kept. Default: 65,536.
    package var cacheCapacity = 65_536
    /// How many tokens that nobody has used lately are looked up at once. More are not: whoever
    /// makes tokens up must not keep the store from those who have some. Default: 128.
    package var maxUnknownLookups = 128

    package static let defaults = Self()

    package init() {}
  }

  private let store: any TokenStore
  private let time: TimeSource
  private let configuration: Configuration
  private let uses: TokenUses
  private let unknownLookups = Atomic(0)
  /// Who waits for which token to be looked up, of those who ask with a callback.
  private let checks = NIOLockedValueBox<[TokenDigest: [Check]]>([:])
  private let cache: NIOLockedValueBox<ExpiringCache<TokenDigest, IssuedToken>>

  /// - Parameter uses: Where it is noted, at each look into the store, that a token was used.
  package init(
    store: any TokenStore, time: TimeSource, configuration: Configuration = .defaults,
    uses: TokenUses = TokenUses()
  ) {
    self.uses = uses
    self.store = store
    self.time = time
    self.configuration = configuration
    self.cache = NIOLockedValueBox(
      ExpiringCache(
        lifetime: configuration.cacheLifetime, capacity: configuration.cacheCapacity))
  }

  /// What ``authenticate(_:certificate:)`` would say, when that is known without asking the
  /// store; else nil.
  ///
  /// - Parameters: As there.
  package func knownResult(
    _ authorization: String?, certificate: ClientCertificate? = nil
  ) -> Result<Caller, UserAPIError>? {
    do throws(UserAPIError) {
      guard let token = self.cachedToken(try Self.digest(authorization), at: self.time.now()) else {
        return nil
      }
      return .success(try self.caller(token, certificate))
    } catch {
      return .failure(error)
    }
  }

  /// - Parameters:
  ///   - authorization: The value of the header of that name.
  ///   - certificate: What the connection's client presented. It stands beside the token, never
  ///     in its place.
  /// - Throws: `unauthenticated` with one of the `TOKEN_…` reasons, `ACCOUNT_NOT_APPROVED` for a
  ///   guest, `STORE_UNAVAILABLE`.
  package func authenticate(
    _ authorization: String?, certificate: ClientCertificate? = nil
  ) async throws(UserAPIError) -> Caller {
    try self.caller(try await self.token(try Self.digest(authorization)), certificate)
  }

  private struct Check {
    let certificate: ClientCertificate?
    let done: @Sendable (Result<Caller, UserAPIError>) -> Void
  }

  /// The same for many at once who have no task to wait in: a token is looked up once for all who
  /// ask meanwhile.
  ///
  /// - Parameter done: Called once, from any thread, perhaps at once.
  package func authenticate(
    _ authorization: String?, certificate: ClientCertificate?,
    _ done: @escaping @Sendable (Result<Caller, UserAPIError>) -> Void
  ) {
    if let known = self.knownResult(authorization, certificate: certificate) {
      done(known)
      return
    }
    let digest: TokenDigest
    do throws(UserAPIError) { digest = try Self.digest(authorization) } catch {
      done(.failure(error))
      return
    }
    let isFirst = self.checks.withLockedValue { checks in
      checks[digest, default: []].append(Check(certificate: certificate, done: done))
      return checks[digest]?.count == 1
    }
    guard isFirst else { return }
    Task {
      let found: Result<IssuedToken, UserAPIError>
      do throws(UserAPIError) {
        found = .success(try await self.token(digest))
      } catch {
        found = .failure(error)
      }
      for check in self.checks.withLockedValue({ $0.removeValue(forKey: digest) }) ?? [] {
        check.done(
          found.flatMap { token in
            do throws(UserAPIError) {
              return .success(try self.caller(token, check.certificate))
            } catch {
              return .failure(error)
            }
          })
      }
    }
  }

  private func token(_ digest: TokenDigest) async throws(UserAPIError) -> IssuedToken {
    // The age counts from before the read, so that a token revoked during it is not kept longer.
    let now = self.time.now()
    if let token = self.cachedToken(digest, at: now) { return token }
    let token = try await self.lookUp(digest)
    self.cache.withLockedValue { $0.store(token, for: digest, at: now) }
    return token
  }

  private func lookUp(_ digest: TokenDigest) async throws(UserAPIError) -> IssuedToken {
    let isKnown = self.cache.withLockedValue { $0.contains(digest) }
    if !isKnown {
      let count = self.unknownLookups.wrappingAdd(1, ordering: .relaxed).newValue
      guard count <= self.configuration.maxUnknownLookups else {
        self.unknownLookups.wrappingSubtract(1, ordering: .relaxed)
        throw UserAPIError(
          .storeUnavailable, "too many unknown tokens at once", retryAfter: .seconds(1))
      }
    }
    defer { if !isKnown { self.unknownLookups.wrappingSubtract(1, ordering: .relaxed) } }
    // How the store compares is its own matter, so its answer is compared once more.
    guard let token = try await self.store.token(digest: digest), token.digest == digest else {
      throw Self.invalidToken
    }
    let now = self.time.wallClock()
    if token.state(at: now) == .valid { self.uses.note(token.id, at: now) }
    return token
  }

  private func cachedToken(
    _ digest: TokenDigest, at now: ContinuousClock.Instant
  ) -> IssuedToken? {
    self.cache.withLockedValue { $0.value(for: digest, at: now) }
  }

  private func caller(
    _ token: IssuedToken, _ certificate: ClientCertificate?
  ) throws(UserAPIError) -> Caller {
    if token.revokedAt != nil {
      throw UserAPIError(.tokenRevoked, "the token has been revoked")
    }
    if let expiresAt = token.expiresAt, expiresAt <= self.time.wallClock() {
      throw UserAPIError(.tokenExpired, "the token has expired")
    }
    guard token.role != .guest else {
      throw UserAPIError(.accountNotApproved, "Your account is not yet approved")
    }
    return Caller(
      userID: token.userID, role: token.role, tokenID: token.id, certificate: certificate)
  }

  private static func digest(_ authorization: String?) throws(UserAPIError) -> TokenDigest {
    // Only ASCII is worth looking at: to compare other text can cost the square of its length.
    guard let authorization, authorization.utf8.allSatisfy({ $0 < 0x80 }),
      let credentials = Self.bearerCredentials(authorization)
    else {
      throw UserAPIError(.tokenMissing, "an authorization header with a bearer token is required")
    }
    guard credentials.utf8.count <= TokenSecret.maximumLength,
      let secret = TokenSecret(credentials)
    else { throw Self.invalidToken }
    return secret.digest
  }

  private static var invalidToken: UserAPIError {
    UserAPIError(.tokenInvalid, "the token is not valid")
  }

  /// What stands behind `Bearer` (RFC 6750, section 2.1; the scheme in any case).
  private static func bearerCredentials(_ authorization: String) -> Substring? {
    // How every client writes it.
    if authorization.hasPrefix("Bearer \(TokenSecret.prefix)") { return authorization.dropFirst(7) }
    guard let space = authorization.firstIndex(of: " "),
      authorization[..<space].lowercased() == "bearer"
    else { return nil }
    let credentials = authorization[space...].trimmingSpaces()
    return credentials.isEmpty ? nil : credentials
  }
}
