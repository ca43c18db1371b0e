internal import NIOConcurrencyHelpers
internal import Synchronization
package import UserAPI

/// Finds out who calls, by tokens and certificates.
package final class Authenticator: Sendable {
  package struct Configuration: Sendable {
    /// For how long a token that was looked up is trusted without another look, which bounds how
    /// long a revoked one still works. Default: 500 ms.
    package var cacheLifetime: Duration = .milliseconds(500)
    /// How many looked-up tokens are kept, and how many signed ones. Default: 65,536.
    package var cacheCapacity = 65_536
    /// How many tokens that nobody has used lately are looked up at once, and how many signed ones
    /// verified. More are not: whoever makes tokens up must not keep the store and the keys from those
    /// who have some. Default: 128.
    package var maxUnknownLookups = 128

    package static let defaults = Self()

    package init() {}
  }

  /// What a token proves, until when.
  private struct Verified {
    var identity: Identity
    var isRevoked = false
    /// The first moment at which it proves nothing any more; nil for never.
    var expiresAt: Timestamp?
    /// Of the keys with which a signed token was verified.
    var generation = 0
  }

  /// A token that has to be looked up or verified.
  private struct Question {
    enum Kind {
      case issued
      case signed(Substring, JWTVerifier)
    }

    var digest: TokenDigest
    var kind: Kind
    /// Whose certificate the connection has, where who calls may do no more than that allows.
    var limit: Identity?
  }

  private enum Proof {
    case identity(Identity)
    case question(Question)
  }

  private typealias Waiter = @Sendable (Result<Verified, UserAPIError>) -> Void

  private let store: any TokenStore
  private let jwt: JWTVerifier?
  private let time: TimeSource
  private let configuration: Configuration
  private let uses: TokenUses
  private let services: NIOLockedValueBox<ClientServices>
  /// How often it was known who calls, or had to be found out.
  package let cacheUse = CacheUse()
  private let unknownLookups = Atomic(0)
  private let unknownVerifications = Atomic(0)
  /// Who waits for which token to be looked up or verified.
  private let waiters = NIOLockedValueBox<[TokenDigest: [Waiter]]>([:])
  /// Tokens of the store.
  private let issued: NIOLockedValueBox<ExpiringCache<TokenDigest, Verified>>
  /// Signed tokens, which stay what they are until they end or a key goes.
  private let signed: NIOLockedValueBox<ExpiringCache<TokenDigest, Verified>>

  /// - Parameters:
  ///   - jwt: What verifies signed tokens; nil to refuse them all.
  ///   - uses: Where it is noted, at each look into the store, that a token was used.
  package init(
    store: any TokenStore, jwt: JWTVerifier? = nil, services: ClientServices = .none,
    time: TimeSource, configuration: Configuration = .defaults, uses: TokenUses = TokenUses()
  ) {
    self.uses = uses
    self.store = store
    self.jwt = jwt
    self.time = time
    self.configuration = configuration
    self.services = NIOLockedValueBox(services)
    let capacity = configuration.cacheCapacity
    self.issued = NIOLockedValueBox(
      ExpiringCache(lifetime: configuration.cacheLifetime, capacity: capacity))
    self.signed = NIOLockedValueBox(ExpiringCache(lifetime: nil, capacity: capacity))
  }

  /// Takes another table of certificates, for all calls from now on.
  package func setServices(_ services: ClientServices) {
    self.services.withLockedValue { $0 = services }
  }

  /// What ``identify(_:_:)`` would say, when that is known without asking anybody; else nil.
  package func knownResult(_ credentials: Credentials) -> Result<Identity, UserAPIError>? {
    do throws(UserAPIError) {
      switch try self.proof(credentials) {
      case .identity(let identity): return .success(identity)
      case .question(let question):
        let known = self.known(question)
        self.cacheUse.count(isHit: known != nil)
        return known.map { self.result($0, question) }
      }
    } catch {
      return .failure(error)
    }
  }

  /// Whether the token was found before, so that it is worth another look whoever else calls from the
  /// same address.
  package func wasFound(_ credentials: Credentials) -> Bool {
    switch credentials.bearer {
    case .none, .missing, .invalid: false
    case .token(let digest): self.issued.withLockedValue { $0.lastValue(for: digest) } != nil
    case .jwt(_, let digest): self.signed.withLockedValue { $0.lastValue(for: digest) } != nil
    }
  }

  /// Says who calls. A token is looked up or verified once for all who ask meanwhile.
  ///
  /// - Parameter done: Called once, from any thread, perhaps at once. Fails with one of the
  ///   `TOKEN_…` reasons, `CERTIFICATE_REQUIRED`, `KEYS_UNAVAILABLE`, or `STORE_UNAVAILABLE`.
  package func identify(
    _ credentials: Credentials, _ done: @escaping @Sendable (Result<Identity, UserAPIError>) -> Void
  ) {
    let question: Question
    do throws(UserAPIError) {
      switch try self.proof(credentials) {
      case .identity(let identity):
        done(.success(identity))
        return
      case .question(let asked):
        if let known = self.known(asked) {
          done(self.result(known, asked))
          return
        }
        question = asked
      }
    } catch {
      done(.failure(error))
      return
    }
    let isFirst = self.waiters.withLockedValue { waiters in
      waiters[question.digest, default: []].append { found in
        done(found.flatMap { verified in self.result(verified, question) })
      }
      return waiters[question.digest]?.count == 1
    }
    guard isFirst else { return }
    Task {
      let found: Result<Verified, UserAPIError>
      do throws(UserAPIError) { found = .success(try await self.answer(to: question)) } catch {
        found = .failure(error)
      }
      let waiters = self.waiters.withLockedValue { $0.removeValue(forKey: question.digest) }
      for waiter in waiters ?? [] { waiter(found) }
    }
  }

  /// The same for who has a task to wait in.
  package func identify(_ credentials: Credentials) async throws(UserAPIError) -> Identity {
    try await withCheckedContinuation { continuation in
      self.identify(credentials) { continuation.resume(returning: $0) }
    }.get()
  }

  /// What of the credentials counts.
  private func proof(_ credentials: Credentials) throws(UserAPIError) -> Proof {
    let services = self.services.withLockedValue { $0 }
    var limit: Identity?
    switch (services.requirement, credentials.bearer) {
    case (.token, _), (.either, .missing), (.either, .invalid), (.either, .token), (.either, .jwt):
      break
    case (.either, .none), (.both, _):
      let service = services.identity(of: credentials.certificate, at: self.time.wallClock())
      if services.requirement == .both {
        guard let service else {
          throw UserAPIError(
            .certificateRequired, "the certificate of a service that is known here is required")
        }
        limit = service
      } else if let service {
        return .identity(service)
      }
    }
    switch credentials.bearer {
    case .none, .missing:
      throw UserAPIError(.tokenMissing, "an authorization header with a bearer token is required")
    case .invalid: throw Self.invalidToken
    case .token(let digest):
      return .question(Question(digest: digest, kind: .issued, limit: limit))
    case .jwt(let text, let digest):
      guard let jwt else { throw Self.invalidToken }
      return .question(Question(digest: digest, kind: .signed(text, jwt), limit: limit))
    }
  }

  private func known(_ question: Question) -> Verified? {
    let now = self.time.now()
    switch question.kind {
    case .issued: return self.issued.withLockedValue { $0.value(for: question.digest, at: now) }
    case .signed(_, let jwt):
      let known = self.signed.withLockedValue { $0.value(for: question.digest, at: now) }
      return known?.generation == jwt.keys.generation ? known : nil
    }
  }

  private func answer(to question: Question) async throws(UserAPIError) -> Verified {
    // The age counts from before the read, so that a token revoked during it is not kept longer.
    let now = self.time.now()
    if let known = self.known(question) { return known }
    switch question.kind {
    case .issued:
      let known = self.issued.withLockedValue { $0.lastValue(for: question.digest) }
      do throws(UserAPIError) {
        let verified = try await self.bounded(
          self.unknownLookups, isBounded: known == nil,
          else: UserAPIError(.storeUnavailable, "too many unknown tokens at once")
        ) { () async throws(UserAPIError) in try await self.lookUp(question.digest) }
        self.issued.withLockedValue { $0.store(verified, for: question.digest, at: now) }
        return verified
      } catch {
        // What has ended since needs no store to say so.
        if let known, self.hasEnded(known) { return known }
        throw error
      }
    case .signed(let text, let jwt):
      let known = self.signed.withLockedValue { $0.lastValue(for: question.digest) }
      let verified = try await self.bounded(
        self.unknownVerifications, isBounded: known == nil,
        else: UserAPIError(.keysUnavailable, "too many unknown tokens at once")
      ) { () async throws(UserAPIError) in try await self.verify(text, jwt) }
      self.signed.withLockedValue { $0.store(verified, for: question.digest, at: now) }
      return verified
    }
  }

  /// Does it, unless too many do at once.
  private func bounded<Value: Sendable>(
    _ count: borrowing Synchronization.Atomic<Int>, isBounded: Bool, else refusal: UserAPIError,
    _ body: () async throws(UserAPIError) -> Value
  ) async throws(UserAPIError) -> Value {
    guard isBounded else { return try await body() }
    defer { count.wrappingSubtract(1, ordering: .relaxed) }
    guard
      count.wrappingAdd(1, ordering: .relaxed).newValue <= self.configuration.maxUnknownLookups
    else {
      var refusal = refusal
      refusal.retryAfter = .seconds(1)
      throw refusal
    }
    return try await body()
  }

  private func lookUp(_ digest: TokenDigest) async throws(UserAPIError) -> Verified {
    // How the store compares is its own matter, so its answer is compared once more.
    guard let token = try await self.store.token(digest: digest), token.digest == digest else {
      throw Self.invalidToken
    }
    let now = self.time.wallClock()
    if token.state(at: now) == .valid { self.uses.note(token.id, at: now) }
    return Verified(
      identity: Identity(
        id: token.userID, role: token.role, scopes: token.scopes, proof: .token(id: token.id)),
      isRevoked: token.revokedAt != nil, expiresAt: token.expiresAt)
  }

  private func verify(_ text: Substring, _ jwt: JWTVerifier) async throws(UserAPIError) -> Verified
  {
    let token = try await jwt.verify(text)
    return Verified(
      identity: Identity(
        id: token.subject, role: token.role, scopes: token.scopes, proof: .jwt(keyID: token.keyID)),
      expiresAt: token.expiresAt, generation: token.generation)
  }

  private func identity(
    _ verified: Verified, _ question: Question
  ) throws(UserAPIError) -> Identity {
    if verified.isRevoked {
      throw UserAPIError(.tokenRevoked, "the token has been revoked")
    }
    if self.hasEnded(verified) {
      throw UserAPIError(.tokenExpired, "the token has expired")
    }
    return question.limit.map { verified.identity.limited(to: $0) } ?? verified.identity
  }

  private func hasEnded(_ verified: Verified) -> Bool {
    verified.expiresAt.map { $0 <= self.time.wallClock() } ?? false
  }

  private func result(
    _ verified: Verified, _ question: Question
  ) -> Result<Identity, UserAPIError> {
    do throws(UserAPIError) { return .success(try self.identity(verified, question)) } catch {
      return .failure(error)
    }
  }

  private static var invalidToken: UserAPIError {
    UserAPIError(.tokenInvalid, "the token is not valid")
  }
}
