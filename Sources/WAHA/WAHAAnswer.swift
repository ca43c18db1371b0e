internal import Foundation
internal import UserAPI

/// WAHA's answer to one call, and what its failures mean. The body never leaves this module.
struct WAHAAnswer: Sendable {
  let status: Int
  let body: [UInt8]
  /// How long to wait, where the answer says it.
  private let retryAfter: Duration?

  init(_ response: CurlResponse) {
    self.status = response.status
    self.body = response.body
    self.retryAfter = response.retryAfter.map { min($0, Self.longestPause) }
  }

  /// What is worth knowing of a failure's body, whichever of WAHA's shapes it has.
  private struct Failure: Decodable {
    struct Exception: Decodable {
      var message: String?
      var data: Lenient<Int>?
    }

    /// A string, or an array of them when validation failed.
    var message: Lenient<String>?
    var error: String?
    /// The session's status, when it is the wrong one.
    var status: String?
    var exception: Exception?
  }

  /// The longest body of a failure that is looked at. WAHA's own have a few hundred bytes; that of
  /// a list's call may be as long as a list.
  private static let longestFailure = 64 << 10
  /// The longest pause that is believed.
  private static let longestPause: Duration = .seconds(600)
  /// How long to leave an account alone that WhatsApp throttles.
  private static let rateLimitPause: Duration = .seconds(60)
  /// How long WAHA's own lock is likely to be held on.
  private static let lockPause: Duration = .seconds(5)
  /// How long a QR code is gone while it is changed for the next.
  static let codeChangePause: Duration = .seconds(1)

  // MARK: What came

  var isSuccess: Bool { self.status == 200 || self.status == 201 }

  /// Whether somebody answers in the place of a WAHA that does not.
  var isUnavailable: Bool { [502, 503, 504].contains(self.status) }

  /// Whether the server, its engine or its edition does not have what was asked for.
  var isMissingCall: Bool {
    self.status == 501 || self.refuses(with: 404, "Cannot GET")
      || self.refuses(with: 422, "available only in Plus")
  }

  /// Whether WAHA says that it has no such session.
  var isMissingSession: Bool {
    switch self.status {
    case 404:
      // A route that does not exist, or a 404 of somebody else's, says nothing of the session.
      guard let message = self.failure?.message?.value else { return false }
      return !message.hasPrefix("Cannot ")
    case 422:
      return self.failure?.error?.contains("does not exist") == true
    default:
      return false
    }
  }

  /// Whether WAHA refused because the session is in the wrong state.
  var isWrongState: Bool {
    self.status == 422 && self.failure?.status != nil
  }

  /// Whether WAHA's refusal says this.
  func refuses(with status: Int, _ text: String) -> Bool {
    guard self.status == status, let failure = self.failure else { return false }
    return (failure.message?.value ?? failure.error)?.contains(text) == true
  }

  /// - Throws: What the answer means, when it is no success.
  @discardableResult
  func requireSuccess() throws(UserAPIError) -> WAHAAnswer {
    guard self.isSuccess else { throw self.error }
    return self
  }

  /// - Throws: `UPSTREAM_INVALID_RESPONSE` when the body is not that.
  func decode<Value: Decodable>(_ type: Value.Type) throws(UserAPIError) -> Value {
    do {
      return try JSONDecoder().decode(type, from: Data(self.body))
    } catch {
      // Foundation's error quotes the body, so it is no cause to pass on.
      throw UserAPIError.nonsense
    }
  }

  // MARK: What a failure means

  /// What every failure means that a call has no meaning of its own for.
  var error: UserAPIError {
    switch self.status {
    case 401, 403:
      return UserAPIError(.upstreamUnauthorized, "WAHA refuses the service's key")
    case 429:
      return Self.rateLimited(self.retryAfter)
    case 503:
      return UserAPIError(
        .upstreamUnavailable, "WAHA is not available", retryAfter: self.retryAfter)
    case 502, 504:
      return UserAPIError(.upstreamUnavailable, "WAHA is not available")
    case 500:
      return self.failure?.exception.map(Self.meaning) ?? .nonsense
    default:
      return .nonsense
    }
  }

  private var failure: Failure? {
    guard self.body.count <= Self.longestFailure else { return nil }
    // A body that cannot be read is known by its status alone.
    do { return try JSONDecoder().decode(Failure.self, from: Data(self.body)) } catch {
      return nil
    }
  }

  private static func meaning(_ exception: Failure.Exception) -> UserAPIError {
    let message = exception.message ?? ""
    if message.contains("rate-overlimit") || exception.data?.value == 429 {
      return Self.rateLimited(nil)
    }
    if message.contains("async-lock timed out") || message.contains("Maximum execution time") {
      return UserAPIError(
        .upstreamBusy, "WAHA is at work on the session", retryAfter: Self.lockPause)
    }
    if message.contains("No input text") {
      return UserAPIError(
        .upstreamBusy, "the QR code is being changed", retryAfter: Self.codeChangePause)
    }
    // The page or the process that holds the session hangs, was reloaded, or is gone.
    let broken = [
      "timed out", "Cannot read properties", "UNAVAILABLE", "2 UNKNOWN", "Target closed",
      "detached", "Protocol error", "Execution context",
    ]
    if message == "r" || broken.contains(where: message.contains) {
      return UserAPIError(.upstreamUnavailable, "the session's engine does not answer")
    }
    return .nonsense
  }

  private static func rateLimited(_ retryAfter: Duration?) -> UserAPIError {
    UserAPIError(
      .upstreamRateLimited, "WhatsApp limits the rate of this account",
      retryAfter: retryAfter ?? Self.rateLimitPause)
  }
}

extension UserAPIError {
  static var nonsense: UserAPIError {
    UserAPIError(.upstreamInvalidResponse, "WAHA's answer makes no sense")
  }
}

/// A value that is nil when it is there but of another type.
struct Lenient<Value: Decodable>: Decodable {
  let value: Value?

  init(from decoder: any Decoder) {
    // The other type is the very case that this exists for.
    do { self.value = try Value(from: decoder) } catch { self.value = nil }
  }
}

extension Lenient: Sendable where Value: Sendable {}
