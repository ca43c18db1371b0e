internal import AuthService
internal import ServiceLifecycle

/// Keeps the keys that tokens are verified with fresh for as long as the server runs.
struct JWTKeyRefresh: Service, CustomStringConvertible {
  let keys: JWTKeys

  /// What the service group calls it in its logs.
  var description: String { "JWT keys" }

  func run() async throws {
    await cancelWhenGracefulShutdown { await self.keys.run() }
  }
}
