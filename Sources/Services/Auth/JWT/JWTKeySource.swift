/// Where the keys come from that tokens are verified with.
package protocol JWTKeySource: Sendable {
  /// Reads the set (RFC 7517, section 5), which may be longer than ``JWTKeySet/maximumSize`` by a
  /// byte, so that it is seen to be too long.
  func keySet() async throws(JWTKeySetError) -> [UInt8]
}
