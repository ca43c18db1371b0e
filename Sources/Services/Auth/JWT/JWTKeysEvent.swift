/// What happened to the keys, for the log.
package enum JWTKeysEvent: Sendable {
  /// There are keys for the first time.
  case loaded(JWTKeySet)
  /// There are others than before.
  case changed(JWTKeySet)
  /// They can be had again and are what they were.
  case recovered(JWTKeySet)
  /// They cannot be had; told when that begins. The last ones stay in use.
  case failed(JWTKeySetError, hasKeys: Bool)
}
