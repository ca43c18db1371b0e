internal import AuthService
internal import NIOConcurrencyHelpers
internal import UserAPI

/// The buckets of callers, one kind of call each.
private struct CallBuckets: Sendable {
  typealias Buckets = NIOLockedValueBox<RateBuckets<CallerKey>>

  private let reads: Buckets?
  private let writes: Buckets?
  private let lists: Buckets?

  init(_ limits: AdmissionLimits) {
    self.reads = limits.reads.map { Buckets(RateBuckets(limit: $0)) }
    self.writes = limits.writes.map { Buckets(RateBuckets(limit: $0)) }
    self.lists = limits.lists.map { Buckets(RateBuckets(limit: $0)) }
  }

  subscript(_ kind: CallClass) -> Buckets? {
    switch kind {
    case .read: self.reads
    case .write: self.writes
    case .list: self.lists
    }
  }
}

private struct CallerKey: Hashable {
  /// ``Identity/key``.
  var identity: Int
  /// Of the user for whom somebody else calls.
  var user: UserID?
}

/// Decides who gets in: who calls, whether they call too often, and for whom they may.
final class Admission: Sendable {
  let authenticator: Authenticator
  private let time: TimeSource
  private let ownCalls: CallBuckets
  /// Of those who call for users whom they name. They may name any number, and must not push others'
  /// buckets out.
  private let callsForUsers: CallBuckets
  /// By address; nil is everybody on a Unix-domain socket.
  private let failures: NIOLockedValueBox<RateBuckets<PeerAddress?>>?

  init(authenticator: Authenticator, limits: AdmissionLimits = .defaults, time: TimeSource) {
    self.authenticator = authenticator
    self.time = time
    self.ownCalls = CallBuckets(limits)
    self.callsForUsers = CallBuckets(limits)
    self.failures = limits.failures.map { NIOLockedValueBox(RateBuckets(limit: $0)) }
  }

  /// Who calls from that address, when that is known without asking anybody; else nil.
  func knownIdentity(
    _ credentials: Credentials, from address: PeerAddress?
  ) -> Result<Identity, UserAPIError>? {
    if let known = self.authenticator.knownResult(credentials) { return known }
    // Who makes tokens up is not let on to have them looked up.
    guard let wait = self.failures?.withLockedValue({ $0.wait(address, at: self.time.now()) }),
      !self.authenticator.wasFound(credentials)
    else { return nil }
    return .failure(
      UserAPIError(
        .rateLimited, "too many tokens from this address were not valid", retryAfter: wait))
  }

  /// Says who calls from that address.
  ///
  /// - Parameter done: Called once, from any thread, perhaps at once.
  func identify(
    _ credentials: Credentials, from address: PeerAddress?,
    _ done: @escaping @Sendable (Result<Identity, UserAPIError>) -> Void
  ) {
    self.authenticator.identify(credentials) { result in
      if case .failure(let error) = result, error.code == .unauthenticated {
        _ = self.failures?.withLockedValue { $0.take(address, at: self.time.now()) }
      }
      done(result)
    }
  }

  /// Lets a call in.
  ///
  /// - Parameter actAs: The value of the header `user-api-act-as`; nil when there is none.
  /// - Throws: `RATE_LIMITED`, and as ``Identity/caller(of:actAs:)``.
  func admit(
    _ identity: Identity, to procedure: Procedure, actAs: String?
  ) throws(UserAPIError) -> Caller {
    let caller: Caller
    do throws(UserAPIError) {
      caller = try identity.caller(of: procedure, actAs: actAs)
    } catch {
      // Whatever names it tries.
      try self.count(CallerKey(identity: identity.key), procedure, in: self.ownCalls)
      throw error
    }
    if actAs == nil {
      try self.count(CallerKey(identity: identity.key), procedure, in: self.ownCalls)
    } else {
      try self.count(
        CallerKey(identity: identity.key, user: UserID(caller.userID)), procedure,
        in: self.callsForUsers)
    }
    return caller
  }

  private func count(
    _ caller: CallerKey, _ procedure: Procedure, in buckets: CallBuckets
  ) throws(UserAPIError) {
    guard let bucket = buckets[CallClass(procedure)],
      let wait = bucket.withLockedValue({ $0.take(caller, at: self.time.now()) })
    else { return }
    throw UserAPIError(.rateLimited, "the caller calls too often", retryAfter: wait)
  }
}
