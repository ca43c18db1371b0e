internal import ArgumentParser
internal import AuthService

/// For how long a new token is valid: who makes one has to say so.
struct ExpiryOptions: ParsableArguments {
  @Option(help: "For how long it is valid: a number and s, m, h or d, up to 36500d.")
  var expires: TimeSpan?

  @Flag(help: "It is valid until it is revoked.")
  var noExpiry = false

  /// Nil for ever.
  var lifetime: Duration? { self.expires?.duration }

  func validate() throws {
    guard (self.expires != nil) != self.noExpiry else {
      throw ValidationError("give either --expires, such as --expires 90d, or --no-expiry")
    }
    if let lifetime, lifetime == .zero || lifetime > TokenAdministration.maximumLifetime {
      throw ValidationError("--expires must be more than 0s and no more than 36500d")
    }
  }
}
