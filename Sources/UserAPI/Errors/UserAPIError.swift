/// A call that failed, on the wire and in both programs (proto-spec.md, section 6).
public struct UserAPIError: Error, Sendable {
  /// The kind of failure.
  public var code: ErrorCode
  /// The failure itself, as a stable word. The part that a program branches on.
  public var reason: ErrorReason
  /// What happened, for a person. Never parsed, and never carries a token, a phone number or
  /// what WAHA said.
  public var message: String
  /// How long to wait before the same call can succeed, where that is known.
  public var retryAfter: Duration?
  /// The id by which the logs of the server that sent the error name the call; nil for an error that
  /// no server sent.
  public var requestID: String?
  /// The error underneath. Logged on this side; never sent.
  public var cause: (any Error)?

  /// An error of a reason, with the code that goes with it unless another is given.
  public init(
    _ reason: ErrorReason, _ message: String, code: ErrorCode? = nil,
    retryAfter: Duration? = nil, cause: (any Error)? = nil
  ) {
    self.code = code ?? reason.code
    self.reason = reason
    self.message = message
    self.retryAfter = retryAfter
    self.cause = cause
  }

  /// The tRPC word for the same failure.
  public var trpcCode: String {
    // The one failure whose code and reason are chosen apart is `initiateWhatsAppSession`'s, and
    // its word follows the code.
    self.code == self.reason.code ? self.reason.trpcCode : self.code.trpcCode
  }
}

extension UserAPIError {
  /// What a task that is cancelled fails with.
  package static var canceled: UserAPIError {
    UserAPIError(.canceled, "the call was given up")
  }
}

extension UserAPIError: CustomStringConvertible {
  /// For people and logs.
  public var description: String {
    "\(self.code.rawValue) \(self.reason.rawValue): \(self.message)"
  }
}
