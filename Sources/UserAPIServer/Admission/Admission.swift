internal import AuthService
internal import NIOConcurrencyHelpers
internal import UserAPI

/// Decides who gets in: who calls, whether they call too often, and for whom they may.
final class Admission: Sendable {
  private struct CallerKey: Hashable {
    /// ``Identity/key``.
    var identity: Int
    /// Of the user for whom somebody else calls.
    var user: UserID?
  }

  let authenticator: Authenticator
  private let time: TimeSource
  private let calls: [CallClass: NIOLockedValueBox<RateBuckets<CallerKey>>]
  /// By address; nil is everybody on a Unix-domain socket.
  private let failures: NIOLockedValueBox<RateBuckets<PeerAddress?>>?

  init(authenticator: Authenticator, limits: AdmissionLimits = .defaults, time: TimeSource) {
    self.authenticator = authenticator
    self.time = time
    self.calls = [
      CallClass: NIOLockedValueBox<RateBuckets<CallerKey>>
    ](
      uniqueKeysWithValues: CallClass.allCases.compactMap { kind in
        let limit =
          switch kind {
          case .read: limits.reads
          case .write: limits.writes
          case .list: limits.lists
          }
        return limit.map { (kind, NIOLockedValueBox(RateBuckets(limit: $0))) }
      })
    self.failures = limits.failures.map { NIOLockedValueBox(RateBuckets(limit: $0)) }
  }

  /// Who calls from that address, when that is known without asking anybody; else nil.
  func knownIdentity(
    _ credentials: Credentials, from address: PeerAddress?
  ) -> Result<Identity, UserAPIError>? {
    guard let known = self.authenticator.knownResult(credentials) else {
      // Who makes tokens up is not let on to have them looked up.
      guard let wait = self.failures?.withLockedValue({ $0.wait(address, at: self.time.now()) }),
        !self.authenticator.wasGood(credentials)
      else { return nil }
      return .failure(Self.tooManyFailures(wait))
    }
    return self.counted(known, from: address)
  }

  /// Says who calls from that address.
  ///
  /// - Parameter done: Called once, from any thread, perhaps at once.
  func identify(
    _ credentials: Credentials, from address: PeerAddress?,
    _ done: @escaping @Sendable (Result<Identity, UserAPIError>) -> Void
  ) {
    self.authenticator.identify(credentials) { done(self.counted($0, from: address)) }
  }

  private func counted(
    _ result: Result<Identity, UserAPIError>, from address: PeerAddress?
  ) -> Result<Identity, UserAPIError> {
    guard case .failure(let error) = result, error.code == .unauthenticated,
      let wait = self.failures?.withLockedValue({ $0.take(address, at: self.time.now()) })
    else { return result }
    return .failure(Self.tooManyFailures(wait))
  }

  private static func tooManyFailures(_ wait: Duration) -> UserAPIError {
    UserAPIError(
      .rateLimited, "too many calls from this address had no valid token", retryAfter: wait)
  }

  /// Lets a call in.
  ///
  /// - Parameter actAs: The value of the header `user-api-act-as`; nil when there is none.
  /// - Throws: `RATE_LIMITED`, and as ``Identity/caller(of:actAs:certificate:)``.
  func admit(
    _ identity: Identity, to procedure: Procedure, actAs: String?,
    certificate: ClientCertificate?
  ) throws(UserAPIError) -> Caller {
    let user = actAs.flatMap { name in
      identity.scopes.contains(.actAs) && UserID.isValid(name) ? UserID(name) : nil
    }
    if let buckets = self.calls[CallClass(procedure)] {
      let key = CallerKey(identity: identity.key, user: user)
      if let wait = buckets.withLockedValue({ $0.take(key, at: self.time.now()) }) {
        throw UserAPIError(.rateLimited, "the caller calls too often", retryAfter: wait)
      }
    }
    return try identity.caller(of: procedure, actAs: actAs, certificate: certificate)
  }
}
