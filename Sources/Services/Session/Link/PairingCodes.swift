internal import AuthService
internal import NIOConcurrencyHelpers
internal import UserAPI

/// The codes to type that WAHA was asked for, each for all who link the same phone to the same
/// session: the next that WAHA gives makes the one before worthless.
final class PairingCodes: Sendable {
  private struct Key: Hashable, Sendable {
    let session: String
    let phoneNumber: String
  }

  /// For how long a code is given out again: less than one is good for.
  private static let maxAge: Duration = .seconds(60)
  /// For how long a session's code is not made worthless by another phone's.
  private static let pause: Duration = .seconds(20)

  private let upstream: any SessionUpstream
  private let time: TimeSource
  private let codes: SharedReads<Key, PairingCode>
  /// The phone that each session's code was last asked for.
  private let phones: NIOLockedValueBox<ExpiringCache<String, String>>

  init(upstream: any SessionUpstream, time: TimeSource, capacity: Int) {
    self.upstream = upstream
    self.time = time
    self.codes = SharedReads(maxAge: Self.maxAge, capacity: capacity, now: time.now)
    self.phones = NIOLockedValueBox(
      ExpiringCache(lifetime: Self.pause, capacity: capacity))
  }

  /// - Throws: As ``SessionUpstream/pairingCode(of:phoneNumber:)``, and `UPSTREAM_RATE_LIMITED` where
  ///   another phone's was asked for a short time ago.
  func code(
    of session: OwnedSession, phoneNumber: PhoneNumber
  ) async throws(UserAPIError) -> PairingCode {
    let now = self.time.now()
    let isFree = self.phones.withLockedValue { phones in
      if let phone = phones.value(for: session.name, at: now) { return phone == phoneNumber.e164 }
      phones.store(phoneNumber.e164, for: session.name, at: now)
      return true
    }
    guard isFree else {
      throw UserAPIError(
        .upstreamRateLimited, "a code to type was asked for another phone just now",
        retryAfter: Self.pause)
    }
    let upstream = self.upstream
    return try await self.codes.value(
      for: Key(session: session.name, phoneNumber: phoneNumber.e164)
    ) { () async throws(UserAPIError) -> PairingCode in
      try await upstream.pairingCode(of: session, phoneNumber: phoneNumber)
    }
  }

  /// The session waits for a scan no longer, and its code is one no more.
  func drop(_ session: OwnedSession, phoneNumber: PhoneNumber) {
    self.codes.drop(Key(session: session.name, phoneNumber: phoneNumber.e164))
  }
}
