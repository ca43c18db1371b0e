/// Why there are no keys. Carries nothing of what was read.
package struct JWTKeySetError: Error, Sendable, Equatable, CustomStringConvertible {
  package var description: String

  package init(_ description: String) {
    self.description = description
  }
}
